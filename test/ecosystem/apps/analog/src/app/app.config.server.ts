import { mergeApplicationConfig, type ApplicationConfig } from "@angular/core";
import { provideServerRendering } from "@angular/platform-server";
import { appConfig } from "./app.config";
const server: ApplicationConfig = { providers: [provideServerRendering()] };
export const config = mergeApplicationConfig(appConfig, server);
