/** The API's description and the viewer's files. */
import type { RouteSpec } from './route.ts'

export const viewerRoutes: readonly RouteSpec[] = [
  {
    method: 'GET',
    path: '/openapi.json',
    module: 'public',
    access: 'user',
    summary: 'OpenAPI 3.1 of this API',
    answer: 'application/json',
  },
  { method: 'GET', path: '/', module: 'public', access: 'anyone', summary: 'The viewer', answer: 'text/html' },
  {
    method: 'GET',
    path: '/sign-in',
    module: 'public',
    access: 'anyone',
    summary: 'The sign-in page (the code follows #)',
    answer: 'text/html',
  },
  {
    method: 'GET',
    path: '/slides/{id}',
    module: 'public',
    access: 'anyone',
    summary: 'The viewer on one slide (its data still wants credentials)',
    answer: 'text/html',
  },
  {
    method: 'GET',
    path: '/review',
    module: 'public',
    access: 'anyone',
    summary: 'The viewer on the slides that wait for a person (its data still wants credentials)',
    answer: 'text/html',
  },
  {
    method: 'GET',
    path: '/assets/{file}',
    module: 'public',
    access: 'anyone',
    summary: "The viewer's scripts and styles",
    answer: 'text/javascript',
  },
]
