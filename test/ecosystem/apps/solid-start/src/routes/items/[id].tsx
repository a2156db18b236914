import { useParams } from "@solidjs/router";
import { For } from "solid-js";

export default function Item() {
  const params = useParams();
  return <ul><For each={[1, 2]}>{(n) => <li>{params.id} {n}</li>}</For></ul>;
}
