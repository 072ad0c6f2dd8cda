import type { NomenclatureSlot } from '@coverslip/proto/api/nomenclature.ts'
import type { RefObject } from 'preact'
import { useState } from 'preact/hooks'
import { Answered } from '../parts/answered.tsx'
import { useReturnFocus } from '../parts/return-focus.ts'
import { Time } from '../parts/time.tsx'
import type { NameOf } from '../projects/people.ts'
import { NomenclatureForm } from '../releases/nomenclature-form.tsx'
import { ReleasedNames } from '../releases/released-names.tsx'
import { type NomenclatureVersion, releases } from '../releases/remote.ts'
import { mayRule } from '../rights.ts'
import { useAnswer } from '../use-answer.ts'
import type { InProject } from './project.tsx'

/** How the names of released slides are built, and the names there are. */
export function NamesPage({ project, user, nameOf, notices }: InProject) {
  const answer = useAnswer(project, () => releases.nomenclature(project))
  const [editing, setEditing] = useState(false)
  const opener = useReturnFocus(editing)
  return (
    <>
      <h1>Names</h1>
      <p class="lead">
        At its release a slide gets a random name, its slots joined by hyphens. A name never changes; what it stands for
        is in the manifest below.
      </p>
      <Answered answer={answer}>
        {version =>
          editing ? (
            <NomenclatureForm
              project={project}
              version={version}
              onSaved={saved => {
                answer.put(saved)
                setEditing(false)
                notices.show('Slides released from now on are named like this. Names that exist stay.')
              }}
              onClose={() => setEditing(false)}
            />
          ) : (
            <InForce
              version={version}
              nameOf={nameOf}
              opener={opener}
              onEdit={mayRule(user, project) ? () => setEditing(true) : null}
            />
          )
        }
      </Answered>
      <ReleasedNames project={project} nameOf={nameOf} />
    </>
  )
}

interface InForceProps {
  version: NomenclatureVersion
  nameOf: NameOf
  opener: RefObject<HTMLButtonElement | null>
  onEdit: (() => void) | null
}
function InForce({ version: { nomenclature, version, examples, who, at }, nameOf, opener, onEdit }: InForceProps) {
  return (
    <section class="box">
      <header>
        <h2>Nomenclature {nomenclature.scheme}</h2>
        {onEdit ? (
          <button ref={opener} type="button" onClick={onEdit}>
            Change it
          </button>
        ) : null}
      </header>
      <p>
        Such as{' '}
        {examples.map((example, index) => (
          <span key={example}>
            {index > 0 ? ', ' : ''}
            <code>{example}</code>
          </span>
        ))}
      </p>
      <dl class="facts-list wide">
        {nomenclature.slots.map(slot => (
          <div key={slot.name}>
            <dt>{slot.name}</dt>
            <dd>{saySlot(slot, nomenclature.scheme)}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">
        {version === 0 || !at ? (
          'As every project begins.'
        ) : (
          <>
            Version {version}, by {nameOf(who ?? '')}, <Time at={at} />
          </>
        )}
        {onEdit ? '' : ' Owners of the project change it.'}
      </p>
    </section>
  )
}

/** What a slot of a name says. */
function saySlot(slot: NomenclatureSlot, scheme: string): string {
  switch (slot.kind) {
    case 'scheme':
      return `${scheme}: this nomenclature`
    case 'literal':
      return `${slot.text}, always`
    case 'project':
      return `${slot.code}: the project`
    case 'subject':
      return 'The pseudonym of the subject'
    case 'random':
      return `${slot.width} random characters, unlike any other name’s`
    case 'vocabulary': {
      const codes = Object.entries(slot.codes).map(([value, code]) => `${code} (${value})`)
      return `The ${slot.of}: ${[...codes, ...absencesOf(slot)].join(', ')}`
    }
    case 'spare':
      return `Kept for what becomes known later: ${absencesOf(slot).join(', ')}`
  }
}

const absencesOf = (slot: { notAssessed: string; notApplicable: string; unknown: string }): string[] => [
  `${slot.notAssessed} (not assessed)`,
  `${slot.notApplicable} (not applicable)`,
  `${slot.unknown} (unknown)`,
]
