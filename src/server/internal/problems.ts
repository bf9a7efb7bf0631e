/**
 * Problem documents (RFC 9457) of the host itself: about the request as such, and not about what it asks for.
 */
import * as Response from "effect/http/HttpServerResponse"
import * as ProblemDetails from "effect/http/ProblemDetails"

/**
 * A response that is a problem document.
 *
 * @internal
 */
export const problem = (
  status: number,
  title: string,
  detail: string,
  headers?: { readonly [name: string]: string }
): Response.HttpServerResponse => {
  const response = ProblemDetails.toResponse({ type: ProblemDetails.blankType, status, title, detail })
  return headers === undefined ? response : Response.setHeaders(response, headers)
}
