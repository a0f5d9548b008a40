// Renders answers, one JSON string a line, by the marked that is named, and says what in them bites.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { marked } = await import(pathToFileURL(process.argv[2]));

function whatBites(answer) {
  const found = [];
  let tokens = [];
  try {
    tokens = marked.lexer(answer);
  } catch {
    // Some lists it fails at; then it shows nothing.
  }
  marked.walkTokens(tokens, (token) => {
    const leadsElsewhere = token.type === "link" && !/^(https?|mailto|ftp):/i.test(token.href);
    const hidesItsHost = token.type === "link" && /^\w+:\/\/[^/?#]*(@|&(#|commat))/i.test(token.href);
    if (token.type === "image" || token.type === "html" || leadsElsewhere || hidesItsHost) found.push(token.raw);
  });
  return found;
}

const answers = readFileSync(0, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
const bitten = answers.filter((answer) => whatBites(answer).length > 0).sort((a, b) => a.length - b.length);
for (const answer of bitten.slice(0, 5)) {
  console.error(`${JSON.stringify(whatBites(answer))} in ${JSON.stringify(answer)}`);
}
console.log(`${answers.length} answers, ${bitten.length} that bite, by ${process.argv[2]}`);
process.exitCode = bitten.length > 0 || whatBites("![i](x) <b> [x](command:e) https://a.bc@d.ef").length !== 4 ? 1 : 0;
