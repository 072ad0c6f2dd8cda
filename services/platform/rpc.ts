/**
 * gRPC between services: every call carries a signed token of the caller, the user it is made for, a deadline and the
 * trace; errors cross as status codes with our own code beside them and come out as the ServiceError they were.
 */
export { type RpcClients, rpcClients } from './rpc/client.ts'
export { type RpcServer, serveRpc } from './rpc/server.ts'
export type { CallOptions, RpcClient } from './rpc/wire.ts'
