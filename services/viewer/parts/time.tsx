const TEXT: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' }

/** A moment, as the clock of whoever reads it shows it. */
export const Time = ({ at }: { at: string }) => (
  <time dateTime={at} title={at}>
    {new Date(at).toLocaleString('en-GB', TEXT)}
  </time>
)
