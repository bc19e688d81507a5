// Tables and plots anew from raw JSON: npm run bench:plot [-- folder].
import { FOLDER, report } from "./report/report.ts";

await report(process.argv[2] ?? FOLDER);
