/**
 * The lineage graph: a canvas for edges and for what is far, and buttons for the nodes and groups that are near, which the
 * keyboard and screen readers reach.
 */
import { ChevronDown, ChevronRight, Maximize, Minus, Plus } from "lucide-react"
import {
  type KeyboardEvent,
  memo,
  type ReactNode,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState
} from "react"
import "./graph.css"
import { IconButton } from "../kit/Button.tsx"
import { classes } from "../kit/classes.ts"
import { type Engine, makeEngine, type Near, type SelectMode } from "./engine.ts"
import { boxHeader, type GroupBox, nodeSize } from "./fold.ts"
import { type LayoutClient, makeLayoutClient } from "./layoutClient.ts"
import { type GraphData, shapeOf } from "./model.ts"
import type { GroupInfo, NodePaint } from "./painter.ts"
import { type Direction, type End, makeScene, neighbour, type Scene, selectedBoxes } from "./scene.ts"

/** Props of the graph. */
export interface GraphViewProps {
  /** What is drawn. The same object as long as it is the same graph: another one is laid out anew. */
  readonly data: GraphData
  /** `false`: no boxes, for a part of a graph. */
  readonly folded?: boolean | undefined
  /** The groups that are open. */
  readonly expanded: ReadonlySet<string>
  readonly onToggleGroup: (group: string) => void
  readonly selected: ReadonlySet<string>
  readonly onSelect: (ids: ReadonlyArray<string>, mode: SelectMode) => void
  readonly onOpen: (id: string) => void
  /** What is within the button of a node, without further buttons or links. Its text is what a screen reader says. */
  readonly renderNode: (id: string) => ReactNode
  /** How a node looks from afar. Another function where that has changed. */
  readonly paintNode: (id: string) => NodePaint
  /** How a group looks. Another function where that has changed. */
  readonly groupInfo: (group: string) => GroupInfo
  /** The node to begin with in the middle. */
  readonly focusId?: string | undefined
  /** The name of the graph for screen readers. */
  readonly label?: string | undefined
  /** Called whenever a layout was drawn for the first time. */
  readonly onReady?: (() => void) | undefined
  readonly className?: string | undefined
}

const directions: { readonly [key: string]: Direction | undefined } = {
  __proto__: null!, // keys are what browsers call them
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down"
}

const NodeButton = memo(({ color, current, end, id, render, selected, x, y }: {
  readonly end: End
  readonly id: string
  readonly x: number
  readonly y: number
  readonly color: string
  readonly selected: boolean
  readonly current: boolean
  readonly render: (id: string) => ReactNode
}) => (
  <button
    type="button"
    data-end={end}
    data-node={id}
    aria-pressed={selected}
    tabIndex={current ? 0 : -1}
    className={classes(
      "absolute flex items-stretch overflow-hidden rounded-lg border text-left contain-strict",
      "border-(--graph-node-border) bg-(--graph-node) text-(--graph-text) shadow-card",
      "hover:border-(--graph-edge-active) focus-visible:outline-offset-2",
      "aria-pressed:border-(--graph-selected) aria-pressed:ring-2 aria-pressed:ring-(--graph-selected)/40"
    )}
    style={{ left: x - nodeSize.width / 2, top: y - nodeSize.height / 2, ...nodeSize }}
  >
    <span className="w-1 shrink-0" style={{ background: color }} />
    <span className="flex min-w-0 flex-1 flex-col justify-center px-2.5">{render(id)}</span>
  </button>
))

/** The name of a group, and what folds it: above its nodes when it is open, the whole box when it is folded. */
const BoxHeader = memo(({ box, current, end, info, selected }: {
  readonly box: GroupBox
  readonly end: End
  readonly info: GroupInfo
  readonly selected: boolean
  readonly current: boolean
}) => {
  const Icon = box.open ? ChevronDown : ChevronRight
  return (
    <div
      className="graph-box"
      style={{
        left: box.x,
        top: box.y,
        width: box.width,
        height: box.open ? boxHeader : box.height
      }}
    >
      <button
        type="button"
        data-end={end}
        data-group={box.group}
        aria-pressed={selected}
        tabIndex={current ? 0 : -1}
        className="graph-box-name"
      >
        <span className="graph-box-title">{info.label}</span>
        <span className="graph-box-detail">{info.detail}</span>
      </button>
      <button
        type="button"
        data-end={end}
        data-graph-toggle=""
        aria-expanded={box.open}
        aria-label={`${box.open ? "Fold" : "Open"} ${info.label}`}
        tabIndex={box.open ? 0 : -1}
        className="graph-box-toggle"
      >
        <Icon aria-hidden className="size-full" />
      </button>
    </div>
  )
})

/** The lineage graph. It fills its parent, which has to have a height. */
export const GraphView = (props: GraphViewProps) => {
  const { className, data, expanded, focusId, folded = true, groupInfo, label = "Lineage graph", paintNode, selected } =
    props
  const rootRef = useRef<HTMLDivElement>(null)
  const canvasRef = useRef<HTMLCanvasElement>(null)
  const layerRef = useRef<HTMLDivElement>(null)
  const marqueeRef = useRef<HTMLDivElement>(null)
  const hintRef = useRef<HTMLDivElement>(null)
  const minimapRef = useRef<HTMLDivElement>(null)
  const minimapCanvasRef = useRef<HTMLCanvasElement>(null)
  const minimapViewRef = useRef<HTMLDivElement>(null)
  const engineRef = useRef<Engine>(undefined)
  const clientRef = useRef<LayoutClient>(undefined)
  const latest = useRef(props)
  useLayoutEffect(() => {
    latest.current = props
  })
  const helpId = useId()

  const [near, setNear] = useState<Near>()
  const [scene, setScene] = useState<Scene>()
  const [drawn, setDrawn] = useState<Scene>()
  const [problem, setProblem] = useState<string>()
  /** What the tab key reaches first, and arrow keys start from. */
  const [cursor, setCursor] = useState<End>()
  const focusWanted = useRef(false)

  useLayoutEffect(() => {
    const engine = makeEngine({
      root: rootRef.current!,
      canvas: canvasRef.current!,
      layer: layerRef.current!,
      marquee: marqueeRef.current!,
      hint: hintRef.current!,
      minimap: minimapRef.current!,
      minimapCanvas: minimapCanvasRef.current!,
      minimapView: minimapViewRef.current!
    }, {
      onNear: setNear,
      onSelect: (ids, mode) => latest.current.onSelect(ids, mode),
      onOpen: (id) => latest.current.onOpen(id),
      onToggleGroup: (group) => latest.current.onToggleGroup(group),
      onCursor: setCursor,
      onDrawn: (scene) => {
        setDrawn(scene)
        latest.current.onReady?.()
      }
    })
    engineRef.current = engine
    return () => engine.dispose()
  }, [])

  // the layout of what is wanted, when it is there
  const shape = useMemo(() => shapeOf(data), [data])
  // by content: another set of the same groups is the same layout
  const openGroups = JSON.stringify([...expanded].sort())
  const wanted = useMemo(
    () => ({ data, shape, folded, expanded: new Set<string>(JSON.parse(openGroups)) }),
    [data, shape, folded, openGroups]
  )
  const [laidOut, setLaidOut] = useState<unknown>()
  useEffect(() => {
    let current = true
    const client = clientRef.current ??= makeLayoutClient()
    client.request(wanted.shape, { folded: wanted.folded, expanded: wanted.expanded }).then((layout) => {
      if (!current || layout === undefined) return
      setProblem(undefined)
      setScene(makeScene(wanted.data, layout))
      setLaidOut(wanted)
    }, (error: unknown) => {
      if (current) setProblem(String(error))
    })
    return () => {
      current = false
    }
  }, [wanted])
  useEffect(() => () => {
    clientRef.current?.close()
    clientRef.current = undefined
  }, [])

  useLayoutEffect(() => engineRef.current?.look({ selected, paintNode, groupInfo }), [selected, paintNode, groupInfo])
  useLayoutEffect(() => {
    if (scene !== undefined) engineRef.current?.show(scene)
  }, [scene])
  useLayoutEffect(() => {
    if (focusId !== undefined) engineRef.current?.focus(focusId)
  }, [focusId])

  const elementOf = (end: End): HTMLElement | null =>
    layerRef.current?.querySelector<HTMLElement>(`[data-end="${end}"]`) ?? null
  const focusOn = (end: End): void => {
    const element = elementOf(end)
    focusWanted.current = element === null
    element?.focus({ preventScroll: true })
  }
  useLayoutEffect(() => {
    if (near !== undefined) engineRef.current?.rendered(near)
    if (focusWanted.current && cursor !== undefined) focusOn(cursor)
  })

  const go = (end: End | undefined): void => {
    if (end === undefined) return
    setCursor(end)
    focusOn(end)
    engineRef.current?.reveal(end)
  }

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.metaKey || event.ctrlKey) return
    const target = event.target instanceof HTMLElement ? event.target : undefined
    const current = target?.dataset.end === undefined ? undefined : Number(target.dataset.end)
    const isToggle = target?.dataset.graphToggle !== undefined
    const direction = directions[event.key]
    if (direction !== undefined && near !== undefined) {
      go(current === undefined ? engineRef.current?.middle() : neighbour(near.scene, current, direction))
    } else if (event.key === "Enter" && near !== undefined && target === rootRef.current) {
      go(engineRef.current?.middle())
    } else if (event.key === "Enter" && near !== undefined && current !== undefined && !isToggle) {
      if (current >= 0) props.onOpen(near.scene.data.nodes[current]!.id)
      else props.onToggleGroup(near.scene.layout.boxes[~current]!.group)
    } else if (event.key === "Escape" && selected.size > 0) props.onSelect([], "replace")
    else if (event.key === "+" || event.key === "=") engineRef.current?.zoom(1.4)
    else if (event.key === "-") engineRef.current?.zoom(1 / 1.4)
    else if (event.key === "0") engineRef.current?.fit()
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  const nearScene = near?.scene
  const boxSelected = useMemo(
    () =>
      nearScene === undefined
        ? undefined
        : selectedBoxes(nearScene, (node) => selected.has(nearScene.data.nodes[node]!.id)),
    [nearScene, selected]
  )
  const boxes = near?.scene.layout.boxes
  const hasCursor = cursor !== undefined && near !== undefined &&
    (cursor >= 0 ? near.nodes.includes(cursor) : near.boxes.includes(~cursor))
  const current = hasCursor ? cursor : near?.nodes[0] ?? (near?.boxes[0] === undefined ? undefined : ~near.boxes[0])
  const hiddenCount = scene?.hiddenCount ?? 0
  const isReady = drawn !== undefined && drawn === scene && laidOut === wanted

  return (
    <div
      ref={rootRef}
      role="group"
      aria-label={label}
      aria-describedby={helpId}
      tabIndex={0}
      data-ready={isReady}
      data-nodes={scene?.layout.shown ?? 0}
      data-boxes={scene?.layout.boxes.length ?? 0}
      onKeyDown={onKeyDown}
      className={classes(
        "graph relative h-full w-full touch-none overflow-hidden select-none focus-visible:-outline-offset-2",
        className
      )}
    >
      <span id={helpId} className="sr-only">
        Arrow keys follow the edges, Space selects, Enter opens an asset or a group, Escape clears the selection, plus
        and minus zoom, 0 shows everything.
      </span>
      <canvas ref={canvasRef} aria-hidden className="pointer-events-none absolute inset-0 size-full" />
      <div ref={layerRef} className="absolute top-0 left-0 size-0 origin-top-left">
        {near?.boxes.map((box) => (
          <BoxHeader
            key={boxes![box]!.group}
            box={boxes![box]!}
            end={~box}
            info={groupInfo(boxes![box]!.group)}
            selected={boxSelected?.[box] === 1}
            current={current === ~box}
          />
        ))}
        {near?.nodes.map((node) => {
          const { id } = near.scene.data.nodes[node]!
          return (
            <NodeButton
              key={id}
              end={node}
              id={id}
              x={near.scene.layout.x[node]!}
              y={near.scene.layout.y[node]!}
              color={paintNode(id).color}
              selected={selected.has(id)}
              current={current === node}
              render={props.renderNode}
            />
          )
        })}
      </div>
      <div
        ref={marqueeRef}
        aria-hidden
        className="pointer-events-none absolute top-0 left-0 rounded-sm border border-(--graph-selected) bg-(--graph-selected)/10"
        style={{ display: "none" }}
      />
      <div
        ref={hintRef}
        aria-hidden
        className={classes(
          "pointer-events-none absolute top-0 left-0 max-w-60 truncate rounded-md border border-border bg-surface px-2 py-1",
          "text-xs text-text shadow-float"
        )}
        style={{ display: "none" }}
      />
      {scene === undefined && problem === undefined
        ? <p role="status" className="absolute inset-0 grid place-items-center text-text-2">Laying out the graph…</p>
        : null}
      {problem === undefined ?
        null :
        (
          <p role="alert" className="absolute inset-0 grid place-items-center p-8 text-failed-text">
            The graph cannot be laid out: {problem}
          </p>
        )}
      {hiddenCount > 0
        ? (
          <p data-graph-chrome="" className="graph-chip top-3 left-1/2 w-max max-w-[90%] -translate-x-1/2">
            {hiddenCount.toLocaleString("en")} links between groups are hidden: point at something to see its own
          </p>
        )
        : null}
      <div data-graph-chrome="" className="graph-chip bottom-3 left-3 flex gap-0.5 p-0.5">
        <IconButton icon={Plus} label="Zoom in" onClick={() => engineRef.current?.zoom(1.5)} />
        <IconButton icon={Minus} label="Zoom out" onClick={() => engineRef.current?.zoom(1 / 1.5)} />
        <IconButton icon={Maximize} label="Show everything" onClick={() => engineRef.current?.fit()} />
      </div>
      <div
        ref={minimapRef}
        aria-hidden
        data-graph-chrome=""
        className="graph-chip right-3 bottom-3 cursor-pointer overflow-hidden p-0"
        style={{ display: "none" }}
      >
        <canvas ref={minimapCanvasRef} className="absolute inset-0 size-full" />
        <div
          ref={minimapViewRef}
          className="absolute top-0 left-0 rounded-xs border-[1.5px] border-(--graph-selected) bg-(--graph-selected)/10"
        />
      </div>
    </div>
  )
}
