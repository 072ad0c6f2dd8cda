import { ServiceError } from '@coverslip/platform/errors.ts'
import type { HttpCall } from '@coverslip/platform/module.ts'
import type { Action } from '@coverslip/proto/api.ts'

/** One answer for what does not exist and for what the caller may not know of: it must not tell the two apart. */
export const missing = (cause?: unknown): ServiceError =>
  new ServiceError('not-found', 'There is no such slide, or not for you', { cause })

/**
 * Finds a thing and checks the route's action for its project.
 * @throws ServiceError `not-found` alike for no such thing and for one that the caller may not know of
 */
export async function allowed<Thing extends { project: string }>(
  call: HttpCall,
  slide: string,
  find: () => Promise<Thing>,
  action?: Action,
): Promise<Thing> {
  try {
    const thing = await find()
    call.allow({ project: thing.project, slide }, action)
    return thing
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'not-found') throw missing(error)
    throw error
  }
}

/** The projects of a list that not everybody may see. @throws ServiceError `forbidden` when there is none. */
export function projectsOf(call: HttpCall): string[] {
  const projects = call.projects()
  if (projects.length === 0) throw new ServiceError('forbidden', 'Your role does not allow this')
  return projects
}
