/**
 * The addresses of the viewer's pages that a sign-in may lead back to. The gateway sends there, the sign-in page goes there;
 * both take nothing else.
 */
const PAGE = /^\/(review|costs|slides\/[\w-]+\/?|projects\/[A-Za-z0-9][\w-]{0,63}(\/[a-z-]{1,32}(\/[\w-]{1,36})?)?)$/

/** @param pathname without its query */
export const isPageAddress = (pathname: string): boolean => PAGE.test(pathname)
