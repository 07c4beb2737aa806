"""Bus adapters in process, on ptys and sockets, with faults on request."""
