import type { Withdrawal } from '@coverslip/proto/api/ledger.ts'
import { Answered } from '../parts/answered.tsx'
import { Icons } from '../parts/icons.tsx'
import { Table } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import { projectPath } from '../projects/address.ts'
import type { NameOf } from '../projects/people.ts'
import { bytesText } from '../slide/units.ts'
import { useAnswer } from '../use-answer.ts'
import { withdrawals } from '../withdrawals/remote.ts'
import type { InProject } from './project.tsx'
import { WithdrawalTag } from './withdrawals.tsx'

const LOOK_EVERY = 1000

/** One withdrawal: how far it is, and then the proof of deletion. */
export function WithdrawalPage({ id, project, nameOf }: InProject & { id: string }) {
  const answer = useAnswer(
    id,
    () => withdrawals.one(id),
    ({ state }) => (state === 'erasing' ? LOOK_EVERY : null),
  )
  return (
    <Answered answer={answer}>
      {withdrawal => (
        <>
          <a class="way-up" href={projectPath(project, 'withdrawals')}>
            <Icons.back /> Withdrawals
          </a>
          <header class="page-title">
            <h1>Withdrawal of {withdrawal.subject}</h1>
            <span role="status">
              <WithdrawalTag state={withdrawal.state} />
            </span>
          </header>
          <Summary of={withdrawal} nameOf={nameOf} />
          <Erased of={withdrawal} />
          <Copies of={withdrawal} nameOf={nameOf} />
          <Proof of={withdrawal} />
        </>
      )}
    </Answered>
  )
}

function Summary({ of, nameOf }: { of: Withdrawal; nameOf: NameOf }) {
  return (
    <section class="box">
      <dl class="facts-list">
        <div>
          <dt>Asked for by</dt>
          <dd>
            {nameOf(of.requestedBy)}, <Time at={of.requestedAt} />
          </dd>
        </div>
        {of.reason ? (
          <div>
            <dt>Reason</dt>
            <dd>{of.reason}</dd>
          </div>
        ) : null}
        <div>
          <dt>Done</dt>
          <dd>
            {of.doneAt ? (
              <>
                <Time at={of.doneAt} />, {Math.max(1, Math.round(of.seconds ?? 0))} s after it was asked for
              </>
            ) : (
              'not yet; this page follows it'
            )}
          </dd>
        </div>
      </dl>
    </section>
  )
}

/** Which keeper has answered for which slide, and what it had. */
function Erased({ of: { slides, keepers } }: { of: Withdrawal }) {
  return (
    <section class="box">
      <h2>What was erased</h2>
      {slides.length === 0 ? <p class="hint">No slide of the subject was here.</p> : null}
      {slides.length > 0 ? (
        <div class="table-scroll">
          <table class="keepers">
            <thead>
              <tr>
                <th scope="col">Slide</th>
                {keepers.map(keeper => (
                  <th key={keeper} scope="col">
                    {keeper.split('@')[0]} <small>{keeper.split('@')[1]}</small>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {slides.map(slide => (
                <tr key={slide.id}>
                  <th scope="row">{slide.name ?? <code>{slide.id}</code>}</th>
                  {keepers.map(keeper => (
                    <td key={keeper}>
                      <Receipt of={slide.erased.find(one => one.keeper === keeper)} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </section>
  )
}

function Receipt({ of }: { of: Withdrawal['slides'][number]['erased'][number] | undefined }) {
  if (!of) return <span class="tag held">waiting</span>
  const { objects, rows, bytes } = of
  if (objects === 0 && rows === 0) return <small title={of.at}>had nothing</small>
  return (
    <span title={of.at}>
      {objects > 0 ? `${objects} file${objects === 1 ? '' : 's'}, ${bytesText(bytes)}` : ''}
      {objects > 0 && rows > 0 ? <br /> : null}
      {rows > 0 ? `${rows} entr${rows === 1 ? 'y' : 'ies'}` : ''}
    </span>
  )
}

/** Coverslip cannot erase these: the people are to be asked. */
function Copies({ of: { downloads }, nameOf }: { of: Withdrawal; nameOf: NameOf }) {
  return (
    <section class="box">
      <h2>Copies that people have taken</h2>
      {downloads.length === 0 ? (
        <p class="hint">Nobody had downloaded anything of the subject.</p>
      ) : (
        <>
          <p class="warning">These copies are outside of Coverslip. Ask these people to delete them.</p>
          <Table columns={['Who', 'What', 'Slide', 'When']}>
            {downloads.map(({ slide, name, user, what, at }) => (
              <tr key={`${slide} ${user} ${what} ${at}`}>
                <th scope="row" title={user}>
                  {nameOf(user)}
                </th>
                <td>{what}</td>
                <td>{name ?? slide}</td>
                <td>
                  <Time at={at} />
                </td>
              </tr>
            ))}
          </Table>
        </>
      )}
    </section>
  )
}

function Proof({ of }: { of: Withdrawal }) {
  if (!of.proof) return null
  return (
    <section class="box">
      <h2>Proof of deletion</h2>
      <p>
        This document is sealed as entry {of.proof.auditEntry} of the audit, by its SHA-256:{' '}
        <code>{of.proof.hash}</code>
      </p>
      <div class="buttons">
        <a
          class="button"
          href={`/api/withdrawals/${of.id}`}
          download={`withdrawal-${of.subject}.json`}
          title="As a file (JSON)"
        >
          <Icons.download />
          Proof
        </a>
        <button type="button" onClick={() => window.print()}>
          Print
        </button>
      </div>
    </section>
  )
}
