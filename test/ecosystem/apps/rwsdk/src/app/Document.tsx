export const Document: React.FC<{ children: React.ReactNode }> = ({ children }) => (
    <html lang="en">
        <head>
            <title>rw</title>
            <link rel="modulepreload" href="/src/client.tsx" />
        </head>
        <body>
            <div id="root">{children}</div>
            <script>import("/src/client.tsx")</script>
        </body>
    </html>
);
