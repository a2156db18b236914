export const load = ({ locals, platform, url }) => ({ user: locals.user, greeting: platform?.env.GREETING, query: url.search });
