/** The parts that pages are made of. */
export { Badge, StatusBadge, StatusDot } from "./Badge.tsx"
export { Button, buttonClasses, type ButtonKind, type ButtonProps, IconButton } from "./Button.tsx"
export { Card } from "./Card.tsx"
export { type ChartPoint, LineChart } from "./Chart.tsx"
export { classes } from "./classes.ts"
export { Code, CodeBlock, CopyButton } from "./Code.tsx"
export { type Column, DataTable, type DataTableProps } from "./DataTable.tsx"
export { Dialog, type DialogProps, Drawer } from "./Dialog.tsx"
export { EmptyState } from "./EmptyState.tsx"
export { ErrorView } from "./ErrorView.tsx"
export { Checkbox, type Filter, FilterChips, SearchField, Select, TextField } from "./Fields.tsx"
export { KeyValue } from "./KeyValue.tsx"
export { AssetLink, AssetName, linkClasses, RunLink, shortId } from "./links.tsx"
export { Markdown } from "./Markdown.tsx"
export { Menu, type MenuItem, type MenuTrigger, Popover, type PopoverTrigger } from "./Menu.tsx"
export {
  cellText,
  formatNumber,
  type Metadata,
  type MetadataColumn,
  type MetadataValue as MetadataValueType,
  safeHref
} from "./metadata.ts"
export { MetadataTable, MetadataValue } from "./Metadata.tsx"
export { Pager } from "./Pager.tsx"
export { type Problem, problemOf } from "./problem.ts"
export { Bar, Skeleton, Spinner } from "./Progress.tsx"
export { type Sort, sortRows } from "./sort.ts"
export {
  lookOf,
  type Status,
  statuses,
  type StatusLook,
  type Tone,
  toneFill,
  toneProperty,
  toneSoft,
  toneText
} from "./status.ts"
export { type Tab, Tabs } from "./Tabs.tsx"
export { Duration, RelativeTime, RunningDuration, Time } from "./Time.tsx"
export { showError, showToast, type Toast, Toasts } from "./Toasts.tsx"
export { Tooltip } from "./Tooltip.tsx"
