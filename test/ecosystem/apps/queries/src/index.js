import { dispatch } from "../dispatch.js";
import { drizzle } from "drizzle-orm/sqlite-proxy";
import { sqliteTable, text, integer } from "drizzle-orm/sqlite-core";
import { eq, and, gt } from "drizzle-orm";
import { Kysely, DummyDriver, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from "kysely";
const users = sqliteTable("users", { id: integer("id").primaryKey(), name: text("name").notNull(), age: integer("age") });
const routes = {
  async drizzle() {
    const calls = [];
    const db = drizzle(async (q, p, m) => {
      calls.push([q, p, m]);
      return { rows: [[1, "a", 3]] };
    });
    const rows = await db
      .select()
      .from(users)
      .where(and(eq(users.name, "a"), gt(users.age, 2)))
      .orderBy(users.id)
      .limit(3);
    const ins = db.insert(users).values({ name: "b" }).returning().toSQL();
    return [rows, calls, ins];
  },
  async kysely() {
    const db = new Kysely({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (d) => new PostgresIntrospector(d),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
    });
    const q = db
      .selectFrom("person")
      .innerJoin("pet", "pet.owner", "person.id")
      .select(["person.id", sql`count(*)`.as("n")])
      .where("age", ">", 3)
      .groupBy("person.id")
      .compile();
    return [q.sql, q.parameters, await db.selectFrom("a").selectAll().execute()];
  },
};

export default dispatch(routes);
