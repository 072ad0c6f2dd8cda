/** The addresses of a project's pages; pure. */

/** In the order of the navigation. */
export const SECTIONS = [
  { name: 'subjects', title: 'Subjects' },
  { name: 'rules', title: 'Selection rules' },
  { name: 'withdrawals', title: 'Withdrawals' },
  { name: 'ledger', title: 'Ledger' },
  { name: 'gate', title: 'Review gate' },
  { name: 'names', title: 'Names' },
  { name: 'folders', title: 'Watched folders' },
  { name: 'audit', title: 'Audit' },
] as const
export type Section = (typeof SECTIONS)[number]['name']

export interface ProjectAddress {
  project: string
  section: Section
  /** Of one subject or withdrawal. */
  id: string | null
}

/** What a project may be called; the server has the last word. */
export const PROJECT_NAME = '[A-Za-z0-9][A-Za-z0-9_\\-]{0,63}'

const PATH = new RegExp(`^/projects/(${PROJECT_NAME})(?:/([a-z]+)(?:/([0-9a-f-]{36}))?)?$`)

/** Null for any other page; a project without a section is its subjects. */
export function readProjectAddress(pathname: string): ProjectAddress | null {
  const match = PATH.exec(pathname)
  const section = SECTIONS.find(({ name }) => name === (match?.[2] ?? 'subjects'))?.name
  return match?.[1] && section ? { project: match[1], section, id: match[3] ?? null } : null
}

export const projectPath = (project: string, section: Section, id?: string): string =>
  `/projects/${project}/${section}${id ? `/${id}` : ''}`
