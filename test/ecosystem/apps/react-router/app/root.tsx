import { Links, Meta, Outlet, Scripts, isRouteErrorResponse, useRouteError } from "react-router";

export default function App() {
  return (
    <html lang="en">
      <head><Meta /><Links /></head>
      <body><Outlet /><Scripts /></body>
    </html>
  );
}

export function ErrorBoundary() {
  const error = useRouteError();
  return <p>{isRouteErrorResponse(error) ? `${error.status} ${error.data}` : "an error"}</p>;
}
