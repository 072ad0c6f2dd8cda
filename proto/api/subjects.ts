/** Subjects, their consents, and which material may be used: on-prem only. */
import { z } from 'zod'
import type { RouteSpec } from './route.ts'
import { oneProject, paging, projectName, text, uuid } from './schemas.ts'
import { consent, day, projectRules, rulesPreset, selectionRules } from './selection-rules.ts'

const ofProject = z.object({ project: oneProject.default('default') })

/** What became of a manifest, line by line where a line was not taken. */
export const manifestAnswer = z.object({
  lines: z.number(),
  taken: z.number(),
  unchanged: z.number(),
  /** Their slides had gone on before: the pseudonyms of these stay, a withdrawal finds them. */
  late: z.number(),
  /** Of subjects who have withdrawn. */
  withdrawn: z.number(),
  /** By the number of the line in the file; at most 1000 of them. */
  refused: z.array(z.object({ line: z.number(), reason: z.string() })),
  refusedLines: z.number(),
})

export type ManifestAnswer = z.infer<typeof manifestAnswer>

const subject = z.object({
  id: uuid,
  project: z.string(),
  pseudonym: z.string(),
  /** Whether a manifest has named the subject. */
  named: z.boolean(),
  state: z.enum(['active', 'withdrawing', 'withdrawn']),
  slides: z.number(),
  /** How many of them a rule holds. */
  held: z.number(),
  createdAt: z.string(),
})
export type SubjectAnswer = z.infer<typeof subject>

export const subjectList = z.object({ subjects: z.array(subject), nextCursor: z.string().nullable() })

export type SubjectDetails = z.infer<typeof subjectDetails>
export const subjectDetails = subject.extend({
  consent: consent.nullable(),
  attestations: z.array(
    z.object({
      kind: z.string(),
      slide: uuid.nullable(),
      status: z.string().nullable(),
      broker: z.string().nullable(),
      value: z.number().nullable(),
      by: z.string(),
      at: z.string(),
    }),
  ),
  slidesOf: z.array(
    z.object({
      id: uuid,
      /** The release name, before that the research number. */
      name: z.string().nullable(),
      state: z.enum(['held', 'admitted', 'released', 'gone']),
      heldBy: z.array(z.string()),
      case: z.string().nullable(),
      specimen: z.string().nullable(),
      block: z.string().nullable(),
      glass: z.string().nullable(),
    }),
  ),
})

const vitalStatusBody = z.strictObject({ status: z.enum(['living', 'deceased']), broker: text(100) })
const fractionBody = z.strictObject({ value: z.number().min(0).max(1), slide: uuid.optional() })

export const subjectsRoutes: readonly RouteSpec[] = [
  {
    method: 'POST',
    path: '/api/manifests',
    module: 'subjects',
    access: 'subject.write',
    summary: 'Tell whose material files are, and what may be done with it (CSV)',
    query: ofProject,
    bodyType: 'text/csv',
    answer: manifestAnswer,
  },
  {
    method: 'GET',
    path: '/api/projects/{project}/selection-rules',
    module: 'subjects',
    access: 'subject.read',
    summary: 'Which material of a project may be used',
    answer: projectRules,
  },
  {
    method: 'PUT',
    path: '/api/projects/{project}/selection-rules',
    module: 'subjects',
    access: 'rules.write',
    summary: 'Change the rules, or begin with a preset; what is held is looked at again',
    body: z.union([
      z.strictObject({ rules: selectionRules, ifVersion: z.number().int().min(0).optional() }),
      // The day is the site's to say: `paip` is refused without it.
      z.strictObject({
        preset: rulesPreset,
        collectedFrom: day.optional(),
        ifVersion: z.number().int().min(0).optional(),
      }),
    ]),
    answer: projectRules,
  },
  {
    method: 'GET',
    path: '/api/subjects',
    module: 'subjects',
    access: 'subject.read',
    summary: 'Subjects by their pseudonyms, newest first',
    query: z.object({
      ...paging,
      project: projectName.optional(),
      pseudonym: z.string().max(20).optional(),
      /** Only those of whom a slide is held. */
      only: z.enum(['held']).optional(),
    }),
    answer: subjectList,
  },
  {
    method: 'GET',
    path: '/api/subjects/{subject}',
    module: 'subjects',
    access: 'subject.read',
    summary: 'One subject: consent, attestations, slides and what holds them',
    answer: subjectDetails,
  },
  {
    method: 'PUT',
    path: '/api/subjects/{subject}/consent',
    module: 'subjects',
    access: 'subject.write',
    summary: "Record a subject's consent as it stands",
    body: consent,
    status: 204,
  },
  {
    method: 'PUT',
    path: '/api/subjects/{subject}/attestations/{kind}',
    module: 'subjects',
    access: 'subject.write',
    summary: 'Attest a vital status, or the share of tumour or normal tissue',
    body: z.union([vitalStatusBody, fractionBody]),
    status: 204,
  },
]
