import "./location.js";
import initSqlJs from "sql.js/dist/sql-wasm.js";
import wasm from "sql.js/dist/sql-wasm.wasm";

const ready = () =>
  initSqlJs({
    instantiateWasm(imports, done) {
      WebAssembly.instantiate(wasm, imports).then((instance) => done(instance));
      return {};
    },
  });
let sql;

export default {
  async fetch(request) {
    sql ??= await ready();
    const url = new URL(request.url);
    const database = new sql.Database();
    database.run("create table item (id integer primary key, name text, price real, picture blob)");
    const insert = database.prepare("insert into item (name, price, picture) values (?, ?, ?)");
    for (let i = 0; i < 100; i++) insert.run([`name ${i} ü`, i / 3, new Uint8Array([i, 255 - i])]);
    insert.free();
    try {
      if (url.pathname === "/export") {
        const again = new sql.Database(database.export());
        return Response.json(again.exec("select count(*), sum(price) from item"));
      }
      return Response.json(database.exec(url.searchParams.get("q")).map(({ columns, values }) => ({ columns, values: values.map((row) => row.map((cell) => (cell instanceof Uint8Array ? [...cell] : cell))) })));
    } catch (error) {
      return Response.json({ error: error.message }, { status: 400 });
    }
  },
};
