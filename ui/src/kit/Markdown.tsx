import { lazy, Suspense } from "react"
import { safeHref } from "./metadata.ts"

const Rendered = lazy(async () => {
  const { default: Compiler } = await import("markdown-to-jsx")
  const Anchor = ({ href, children }: { readonly href?: string; readonly children?: React.ReactNode }) => {
    const safe = safeHref(href ?? "")
    return safe === undefined
      ? <span>{children}</span>
      : <a href={safe} target="_blank" rel="noopener noreferrer">{children}</a>
  }
  // nothing is loaded from elsewhere: an image is a link to it
  const Image = ({ src, alt }: { readonly src?: string; readonly alt?: string }) => (
    <Anchor href={src ?? ""}>{alt === undefined || alt === "" ? src : alt}</Anchor>
  )
  return {
    default: ({ text }: { readonly text: string }) => (
      <Compiler
        options={{
          disableParsingRawHTML: true,
          forceBlock: true,
          wrapper: "div",
          sanitizer: (value) => safeHref(value) ?? null,
          overrides: { a: { component: Anchor }, img: { component: Image }, input: { props: { disabled: true } } }
        }}
      >
        {text}
      </Compiler>
    )
  }
})

/** Text in Markdown. HTML in it is text, and links lead only to the web. */
export const Markdown = ({ text, className }: { readonly text: string; readonly className?: string }) => (
  <div className={className === undefined ? "markdown" : `markdown ${className}`}>
    <Suspense fallback={<p className="whitespace-pre-wrap">{text}</p>}>
      <Rendered text={text} />
    </Suspense>
  </div>
)
