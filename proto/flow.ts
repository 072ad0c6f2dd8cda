/**
 * THE MAP: every event, who makes it and who acts on it. Stream and consumer names (streams.ts), the README's table, the
 * checks at start and the end-to-end test derive from this file; nothing else names a subject.
 */
import {
  AccessRevoked,
  AnnotationFileReceived,
  AnnotationsChanged,
  PyramidAssemblyWanted,
  PyramidPartWanted,
  SlideAnnotated,
  SlideDeidentified,
  SlideDeleted,
  SlideErased,
  SlideFailed,
  SlideProgress,
  SlideReceived,
  SlideRedactionWanted,
  SlideReviewWanted,
  SlideTiled,
  SubjectsChanged,
} from './gen/events/v1/events.ts'
import type { ServiceName } from './services.ts'

/** How ts-proto encodes and decodes a message. */
export interface Codec<Message> {
  encode(message: Message): { finish(): Uint8Array }
  decode(bytes: Uint8Array): Message
  fromPartial(message: object): Message
}

export interface Arrow<Message> {
  message: Codec<Message>
  producers: readonly ServiceName[]
  /** Each acts on every event once (durable consumers). */
  consumers: readonly ServiceName[]
  /** Every process of these sees every event as it happens. */
  followers: readonly ServiceName[]
  /** Those of them that act on events of their own site only; the others on events of every site that reach them. */
  atHome?: readonly ServiceName[]
  /** Where events are kept; null: told to whoever listens, kept nowhere. */
  stream: 'INTAKE' | 'SLIDES' | 'PYRAMID' | 'ANNOTATIONS' | 'ACCESS' | null
  /** Events with the same key are delivered in order. */
  key: (message: Message) => string
  /** The site that makes it. */
  site: 'onprem' | 'either'
  /** Whether it may cross to the other site. */
  leaves: boolean
  /** One line for the table. */
  says: string
}

const arrow = <Message>(a: Arrow<Message>): Arrow<Message> => a
const slideId = (m: { slideId: string }): string => m.slideId

export const flow = {
  'slides.received': arrow({
    message: SlideReceived,
    producers: ['ingest'],
    consumers: ['deidentify'],
    followers: [],
    stream: 'INTAKE',
    key: slideId,
    site: 'onprem',
    leaves: false,
    says: 'a source is complete and is a slide',
  }),
  'slides.annotation_received': arrow({
    message: AnnotationFileReceived,
    producers: ['ingest'],
    consumers: ['deidentify'],
    followers: [],
    stream: 'INTAKE',
    key: slideId,
    site: 'onprem',
    leaves: false,
    says: 'an annotation file came with a slide, or later',
  }),
  'slides.review_wanted': arrow({
    message: SlideReviewWanted,
    producers: ['deidentify'],
    consumers: ['ingest'],
    followers: [],
    stream: 'INTAKE',
    key: slideId,
    site: 'onprem',
    leaves: false,
    says: 'a proven result waits for a person',
  }),
  'slides.redaction_wanted': arrow({
    message: SlideRedactionWanted,
    producers: ['deidentify'],
    consumers: ['deidentify'],
    followers: [],
    stream: 'INTAKE',
    key: slideId,
    site: 'onprem',
    leaves: false,
    says: 'a reviewer marked what is to be blanked',
  }),
  'slides.failed': arrow({
    message: SlideFailed,
    producers: ['deidentify'],
    consumers: ['ingest'],
    followers: [],
    stream: 'INTAKE',
    key: slideId,
    site: 'onprem',
    leaves: false,
    says: 'a slide stopped while only the on-prem site may know of it',
  }),
  'subjects.changed': arrow({
    message: SubjectsChanged,
    producers: ['subjects'],
    consumers: ['ingest'],
    followers: [],
    stream: 'INTAKE',
    key: m => m.project,
    site: 'onprem',
    leaves: false,
    says: 'consents, attestations or rules of a project changed: what is held may go on now',
  }),
  'slides.deidentified': arrow({
    message: SlideDeidentified,
    producers: ['deidentify'],
    consumers: ['ingest', 'catalog', 'pyramid', 'tiles', 'deidentify', 'subjects'],
    followers: [],
    // One site builds a slide, the one that has its original.
    atHome: ['pyramid'],
    stream: 'SLIDES',
    key: slideId,
    site: 'onprem',
    leaves: true,
    says: 'a rendition without patient data exists',
  }),
  'slides.annotated': arrow({
    message: SlideAnnotated,
    producers: ['deidentify'],
    consumers: ['annotations'],
    followers: [],
    stream: 'SLIDES',
    key: slideId,
    site: 'onprem',
    leaves: true,
    says: 'cleaned annotations that came with a slide are there',
  }),
  'pyramid.part_wanted': arrow({
    message: PyramidPartWanted,
    producers: ['pyramid'],
    consumers: ['pyramid'],
    followers: [],
    atHome: ['pyramid'],
    stream: 'PYRAMID',
    key: ({ slideId, part }) => `${slideId}:${part}`,
    site: 'either',
    leaves: true,
    says: 'one part of a pyramid is to be built, by whichever worker is free',
  }),
  'pyramid.assembly_wanted': arrow({
    message: PyramidAssemblyWanted,
    producers: ['pyramid'],
    consumers: ['pyramid'],
    followers: [],
    atHome: ['pyramid'],
    stream: 'PYRAMID',
    key: slideId,
    site: 'either',
    leaves: true,
    says: 'all parts of a pyramid are there',
  }),
  'slides.tiled': arrow({
    message: SlideTiled,
    producers: ['pyramid'],
    consumers: ['ingest', 'catalog', 'tiles'],
    followers: ['tiles'],
    stream: 'SLIDES',
    key: slideId,
    site: 'either',
    leaves: true,
    says: 'the pyramid can be served',
  }),
  'slides.tiling_failed': arrow({
    message: SlideFailed,
    producers: ['pyramid'],
    consumers: ['ingest', 'catalog'],
    followers: [],
    stream: 'SLIDES',
    key: slideId,
    site: 'either',
    leaves: true,
    says: 'a de-identified slide could not be tiled',
  }),
  'slides.deleted': arrow({
    message: SlideDeleted,
    producers: ['catalog', 'ingest', 'subjects'],
    consumers: ['ingest', 'deidentify', 'pyramid', 'tiles', 'annotations', 'catalog', 'subjects'],
    followers: ['pyramid', 'tiles'],
    stream: 'SLIDES',
    key: slideId,
    site: 'either',
    leaves: true,
    says: 'remove every rendition, cache entry and copy of a slide',
  }),
  'slides.erased': arrow({
    message: SlideErased,
    producers: ['ingest', 'deidentify', 'pyramid', 'tiles', 'annotations', 'catalog'],
    consumers: ['subjects'],
    followers: [],
    stream: 'SLIDES',
    key: slideId,
    site: 'either',
    leaves: true,
    says: 'a keeper has nothing of a deleted slide any more',
  }),
  'slides.progress': arrow({
    message: SlideProgress,
    producers: ['deidentify'],
    consumers: [],
    followers: ['ingest'],
    stream: null,
    key: slideId,
    site: 'onprem',
    leaves: false,
    says: 'how far the de-identification of a slide is',
  }),
  'pyramid.progress': arrow({
    message: SlideProgress,
    producers: ['pyramid'],
    consumers: [],
    followers: ['ingest', 'catalog'],
    stream: null,
    key: slideId,
    site: 'either',
    leaves: true,
    says: 'how far the pyramid of a slide is',
  }),
  'annotations.changed': arrow({
    message: AnnotationsChanged,
    producers: ['annotations'],
    consumers: [],
    followers: ['public'],
    // The drawings themselves stay where they were made.
    atHome: ['public'],
    stream: 'ANNOTATIONS',
    key: slideId,
    site: 'either',
    leaves: true,
    says: 'the annotations of a slide changed',
  }),
  'access.revoked': arrow({
    message: AccessRevoked,
    producers: ['access'],
    consumers: [],
    followers: [
      'access',
      'annotations',
      'catalog',
      'deidentify',
      'ingest',
      'intake',
      'public',
      'pyramid',
      'subjects',
      'tiles',
    ],
    stream: 'ACCESS',
    key: m => m.what?.value ?? '',
    site: 'either',
    leaves: true,
    says: 'a token, a session or all of a user is no longer valid',
  }),
} as const

export type Flow = typeof flow
export type EventName = keyof Flow
export type EventMessage<Name extends EventName> = Flow[Name]['message'] extends Codec<infer Message> ? Message : never
