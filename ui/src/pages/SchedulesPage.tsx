import { useNavigate, useSearch } from "@tanstack/react-router"
import { AutomationsView } from "../automation/AutomationsView.tsx"

const SchedulesPage = () => {
  const search = useSearch({ from: "/schedules" })
  const navigate = useNavigate({ from: "/schedules" })
  return (
    <AutomationsView
      kind="schedule"
      search={search}
      onSearch={(q) => void navigate({ search: q === "" ? {} : { q }, replace: true })}
    />
  )
}

export default SchedulesPage
