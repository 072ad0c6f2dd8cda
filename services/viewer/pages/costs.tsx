import '../style/project.css'
import '../style/tables.css'
import type { CostsView } from '@coverslip/proto/api/costs.ts'
import { useEffect } from 'preact/hooks'
import { api, json } from '../api.ts'
import { daysText, monthRows, readRows, tierRows } from '../costs/texts.ts'
import { Account } from '../parts/account.tsx'
import { Answered } from '../parts/answered.tsx'
import { Logo } from '../parts/logo.tsx'
import { Table } from '../parts/table.tsx'
import { mayCosts } from '../rights.ts'
import { bytesText } from '../slide/units.ts'
import { useAnswer } from '../use-answer.ts'

/** What the slides cost to keep and to show; for owners of everything. */
export function CostsPage() {
  useEffect(() => {
    document.title = 'Costs · Coverslip'
  }, [])
  const session = useAnswer('session', api.session)
  const user = session.value
  return (
    <div class="page">
      <header class="page-header">
        <a class="home" href="/" title="All slides">
          <Logo />
          <b>Coverslip</b>
        </a>
        <span class="grow" />
        {user ? <Account user={user} /> : null}
      </header>
      <main>
        <h1>Costs</h1>
        <Answered answer={session}>
          {user => (mayCosts(user) ? <Costs /> : <p class="empty-list">Only owners of all projects see this.</p>)}
        </Answered>
      </main>
    </div>
  )
}

function Costs() {
  const answer = useAnswer('costs', () => json<CostsView>('/api/costs'))
  return (
    <Answered answer={answer}>
      {view => (
        <>
          <p class="lead">
            An estimate from what is kept and what was read, at configured prices. Tiles that viewers get from memory
            cost nothing here; in the cloud they would.
          </p>
          <Month view={view} />
          <div class="cards two">
            <Kept view={view} />
            <Reads view={view} />
          </div>
          <Basis view={view} />
        </>
      )}
    </Answered>
  )
}

function Month({ view }: { view: CostsView }) {
  return (
    <section class="box">
      <h2>A month</h2>
      <Table
        columns={['If it were', ...['Storage', 'Egress', 'Requests', 'Together', ''].map(numbers => ({ numbers }))]}
      >
        {monthRows(view).map(({ name, cells, times }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {cells ? (
              <>
                <td class="number">{cells.storage}</td>
                <td class="number">{cells.egress}</td>
                <td class="number">{cells.requests}</td>
                <td class="number">
                  <b>{cells.total}</b>
                </td>
                <td class="number">{times}</td>
              </>
            ) : (
              <td colSpan={5}>Not known here: this site holds no originals.</td>
            )}
          </tr>
        ))}
      </Table>
    </section>
  )
}

function Kept({ view }: { view: CostsView }) {
  return (
    <section class="box">
      <h2>Kept</h2>
      <table>
        <tbody>
          {tierRows(view).map(({ name, objects, bytes, place }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{place}</td>
              <td class="number">{objects}</td>
              <td class="number">{bytes}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="hint">Uncompressed, the slides would take {bytesText(view.pixelBytes)}.</p>
    </section>
  )
}

function Reads({ view }: { view: CostsView }) {
  return (
    <section class="box">
      <h2>Read</h2>
      <table>
        <tbody>
          {readRows(view).map(({ name, requests, bytes }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="number">{requests}</td>
              <td class="number">{bytes}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="hint">{daysText(view)}</p>
    </section>
  )
}

/** What the estimate rests on. */
function Basis({ view: { prices, energy } }: { view: CostsView }) {
  const { keeping, moving } = energy.wattHours
  const facts: [string, string][] = [
    ['Object store', `${prices.cloudGbMonth} a GB and month, ${prices.cloudEgressGb} a GB that leaves it`],
    ['Its reads', `${prices.cloudReads10k} for ten thousand`],
    ['Files of this site', `${prices.hereGbMonth} a GB and month`],
    ['Currency', prices.currency],
    ['Source', prices.source],
    ['Energy of a month', `${keeping.toPrecision(2)} Wh to keep, ${moving.toPrecision(2)} Wh to move, estimated`],
  ]
  return (
    <section class="box">
      <h2>Prices</h2>
      <dl class="facts-list">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
