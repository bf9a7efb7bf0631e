export { AssetsView as default } from "../assets/AssetsView.tsx"
