import { Component, signal } from "@angular/core";
@Component({
  template: `<h1>Home</h1>
    <button (click)="n.set(n() + 1)">{{ n() }}</button>`,
})
export default class Home {
  n = signal(0);
}
