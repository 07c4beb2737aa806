// A central system for OCPP 1.5 that somebody else has written (@voltbras/ts-ocpp). Argument: port.
// Each line on stdin is {url, identity, action, payload}: it asks the station and prints the result. What stations ask is printed too.
const { CentralSystem } = require('@voltbras/ts-ocpp');
const answers = {
  BootNotification: { status: 'Accepted', currentTime: '2026-06-01T12:00:00Z', heartbeatInterval: 300 },
  Heartbeat: { currentTime: '2026-06-01T12:00:00Z' },
  Authorize: { idTagInfo: { status: 'Accepted', parentIdTag: 'GROUP' } },
  StartTransaction: { transactionId: 4711, idTagInfo: { status: 'Accepted' } },
  StopTransaction: { idTagInfo: { status: 'Accepted' } },
  MeterValues: {}, StatusNotification: {}, FirmwareStatusNotification: {}, DiagnosticsStatusNotification: {},
  DataTransfer: { status: 'Accepted', data: 'x' },
};
const central = new CentralSystem(Number(process.argv[2]), (request, { chargePointId }) => {
  console.log(JSON.stringify({ asked: request.action, by: chargePointId, request }));
  return { action: request.action, ocppVersion: request.ocppVersion, ...answers[request.action] };
}, { host: '127.0.0.1' });
require('readline').createInterface({ input: process.stdin }).on('line', async (line) => {
  const { url, identity, action, payload } = JSON.parse(line);
  const result = await central.sendRequest({ ocppVersion: 'v1.5-soap', chargePointUrl: url, chargePointId: identity, action, payload });
  console.log(JSON.stringify({ action, ok: result.isRight(), result: result.isRight() ? result.extract() : String(result.extract()) }));
});
setTimeout(() => console.log('ready'), 300);
