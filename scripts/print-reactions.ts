import { reactionsPage } from './reactions-page.ts';

process.stdout.write(reactionsPage());
