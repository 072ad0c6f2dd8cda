/** What both ends of a gRPC call agree on beside the messages. */
import { type Client, type CompatServiceDefinition, Status } from 'nice-grpc'
import type { ErrorCode } from '../errors.ts'

export interface CallOptions {
  /** The user's token: the called service verifies it and acts for that user. */
  onBehalfOf?: string
  /** Default 10 s for single answers, 10 min for streams. */
  timeoutMs?: number
}
export type RpcClient<Definition extends CompatServiceDefinition> = Client<Definition, CallOptions>

/** The gRPC status of each of our codes; the code itself travels in a trailer. */
export const STATUS: Record<ErrorCode, Status> = {
  invalid: Status.INVALID_ARGUMENT,
  unauthenticated: Status.UNAUTHENTICATED,
  forbidden: Status.PERMISSION_DENIED,
  'not-found': Status.NOT_FOUND,
  conflict: Status.ALREADY_EXISTS,
  'precondition-failed': Status.ABORTED,
  'precondition-required': Status.FAILED_PRECONDITION,
  'too-large': Status.OUT_OF_RANGE,
  unsupported: Status.UNIMPLEMENTED,
  'too-many': Status.RESOURCE_EXHAUSTED,
  'storage-full': Status.RESOURCE_EXHAUSTED,
  unavailable: Status.UNAVAILABLE,
  internal: Status.INTERNAL,
}
/** The calling service's token. */
export const CALLER_KEY = 'authorization'
/** The token of the user it calls for. */
export const USER_KEY = 'coverslip-user'
export const CODE_KEY = 'coverslip-code'
export const DETAILS_KEY = 'coverslip-details'

/** Runs a single-answer call to its end. */
export async function lastOf<Response>(generator: AsyncGenerator<unknown, Response, undefined>): Promise<Response> {
  for (;;) {
    const step = await generator.next()
    if (step.done) return step.value
  }
}
