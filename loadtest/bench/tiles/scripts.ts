/** What wrk asks for: a script per target, the same places in the same order for all. */

const headersOf = (token: string | undefined): string => (token ? `{["Authorization"] = "Bearer ${token}"}` : '{}')

/** The paths in random order over all of them, the same every time; written once, so that wrk leaves time to the server. */
export const randomOrder = (
  paths: string[],
  token?: string,
): string => `local paths = {${paths.map(path => `"${path}"`)}}
local requests = {}
function init()
  math.randomseed(7)
  for i = 1, #paths do requests[i] = wrk.format("GET", paths[i], ${headersOf(token)}) end
end
function request() return requests[math.random(#requests)] end
`

export interface RandomRegions {
  /** Each round has regions of its own. */
  round: number
  size: { width: number; height: number }
  /** Pixels of level 0 along a side: one or the other. */
  sides: number[]
  /** Has `%d,%d,%d,%d` for left, top, width and height. */
  path: string
  token?: string | undefined
}

/** Squares anywhere in the slide; none comes twice but by an accident of one in millions. */
export const randomRegions = ({ round, size, sides, path, token }: RandomRegions): string => `local sides = {${sides}}
local headers = ${headersOf(token)}
function init() math.randomseed(${round + 7}) end
function request()
  local side = sides[math.random(#sides)]
  local left, top = math.random(0, ${size.width} - side), math.random(0, ${size.height} - side)
  return wrk.format("GET", string.format("${path}", left, top, side, side), headers)
end
`
