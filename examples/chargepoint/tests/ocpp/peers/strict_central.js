// A central system that somebody else has written (ocpp-rpc) and that validates every message strictly. It prints its port, then a line for
// whatever happens; each line on stdin is {action, payload}: it asks the station and prints the result.
const { RPCServer } = require('ocpp-rpc');

const now = () => new Date().toISOString();
const accepted = { status: 'Accepted' };
const answers = {
  'ocpp1.6': {
    BootNotification: () => ({ status: 'Accepted', currentTime: now(), interval: 60 }),
    Heartbeat: () => ({ currentTime: now() }),
    Authorize: () => ({ idTagInfo: accepted }),
    StartTransaction: () => ({ transactionId: 4711, idTagInfo: accepted }),
    StopTransaction: () => ({ idTagInfo: accepted }),
  },
  'ocpp2.0.1': {
    BootNotification: () => ({ status: 'Accepted', currentTime: now(), interval: 60 }),
    Heartbeat: () => ({ currentTime: now() }),
    Authorize: () => ({ idTokenInfo: accepted }),
    TransactionEvent: ({ idToken }) => (idToken ? { idTokenInfo: accepted } : {}),
  },
};

const say = (what) => console.log(JSON.stringify(what));
const server = new RPCServer({ protocols: [process.argv[2]], strictMode: true });
let station = null;
server.on('client', (client) => {
  station = client;
  say({ met: client.identity, protocol: client.protocol });
  client.on('strictValidationFailure', ({ error, messageId }) => say({ broken: error.message, details: error.details, messageId }));
  client.on('badMessage', ({ error }) => say({ broken: error.message }));
  client.handle(({ method, params }) => {
    say({ heard: method, params });
    return (answers[client.protocol][method] || (() => ({})))(params);
  });
});
require('readline').createInterface({ input: process.stdin }).on('line', async (line) => {
  const { action, payload } = JSON.parse(line);
  try {
    say({ asked: action, answer: await station.call(action, payload) });
  } catch (error) {
    say({ asked: action, failed: `${error.rpcErrorCode || error.name}: ${error.message}` });
  }
});
server.listen(0, '127.0.0.1').then((http) => say({ port: http.address().port }));
