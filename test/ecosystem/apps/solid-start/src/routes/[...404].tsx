import { HttpStatusCode } from "@solidjs/start";

export default () => <main><HttpStatusCode code={404} /><p>there is no such page</p></main>;
