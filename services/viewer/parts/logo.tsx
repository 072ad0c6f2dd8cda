export const Logo = () => (
  <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
    <rect x="2" y="8" width="28" height="16" rx="3" fill="#0072b2" />
    <rect x="10" y="10" width="16" height="12" rx="2" fill="#fff" fill-opacity=".85" />
    <circle cx="18" cy="16" r="3.5" fill="#cc79a7" />
  </svg>
)
