import { useNavigate, useSearch } from "@tanstack/react-router"
import { AutomationsView } from "../automation/AutomationsView.tsx"

const SensorsPage = () => {
  const search = useSearch({ from: "/sensors" })
  const navigate = useNavigate({ from: "/sensors" })
  return (
    <AutomationsView
      kind="sensors"
      search={search}
      onSearch={(q) => void navigate({ search: q === "" ? {} : { q }, replace: true })}
    />
  )
}

export default SensorsPage
