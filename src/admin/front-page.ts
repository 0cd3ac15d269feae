import { escapeMarkup, wsdlUrlOf } from './documents.ts';

/** What a person sees who opens the public URL in a browser. Needs no script, style or image. */
export function frontPage(publicUrl: string): string {
  const wsdl = escapeMarkup(wsdlUrlOf(publicUrl));
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Pointsman</title>
  </head>
  <body>
    <h1>Pointsman</h1>
    <p>A WS-Notification broker answers here. Point a SOAP client at its WSDL:</p>
    <p><a href="${wsdl}">${wsdl}</a></p>
    <p>Or try it from a terminal:</p>
    <pre>pointsman subscribe --wsdl '${wsdl}' --topic '{urn:example}news'
pointsman publish --wsdl '${wsdl}' --topic '{urn:example}news' --message '&lt;hello/&gt;'</pre>
    <p><a href="${escapeMarkup(publicUrl)}/healthz">Health</a></p>
  </body>
</html>
`;
}
