import { Component, inject } from "@angular/core";
import { ActivatedRoute } from "@angular/router";
@Component({ template: `<p>item {{ id }}</p>` })
export default class Item {
  id = inject(ActivatedRoute).snapshot.paramMap.get("id");
}
