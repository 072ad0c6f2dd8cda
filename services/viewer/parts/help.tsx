import { KEY_HELP } from '../tools/keymap.ts'
import { Dialog } from './dialog.tsx'
import { KeyList } from './key-list.tsx'

export function Help({ onClose }: { onClose(): void }) {
  return (
    <Dialog title="Keys" onClose={onClose} wide>
      <div class="key-help">
        {KEY_HELP.map(({ title, rows }) => (
          <section key={title}>
            <h3>{title}</h3>
            <KeyList rows={rows} />
          </section>
        ))}
      </div>
    </Dialog>
  )
}
