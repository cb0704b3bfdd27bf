import { failuresPage } from './failures-page.ts';

process.stdout.write(failuresPage());
