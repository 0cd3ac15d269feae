import { GOOD, type BadFile } from './bad-files.ts';

/** One mistake each, in the sections that say what the broker does where the standards leave it open. */
export const BAD_CONDUCT_FILES: readonly BadFile[] = [
  // Topics
  {
    what: 'a closed set of topics without topics',
    text: `${GOOD}topics: { fixed: true }\n`,
    at: '14:18 topics.fixed',
    says: ['found true without any file in "sets"'],
  },
  {
    what: 'a topic file that is no path',
    text: `${GOOD}topics: { sets: [1] }\n`,
    at: '14:18 topics.sets[0]',
    says: ['found 1, expected the path of a file'],
  },

  // Conduct
  {
    what: 'strict as a word',
    text: `${GOOD}strict: "yes"\n`,
    at: '14:9 strict',
    says: ['"yes", expected true or false'],
  },
  {
    what: 'an unknown deviation, close to one',
    text: `${GOOD}tolerate: { actionBW_2: false }\n`,
    at: '14:13 tolerate.actionBW_2',
    says: ['the unknown key "actionBW_2"', 'did you mean "actionBw2"?'],
  },
  {
    what: 'an unknown deviation, close to none',
    text: `${GOOD}tolerate: { everything: true }\n`,
    at: '14:13 tolerate.everything',
    says: ['the unknown key "everything"', 'messageIdMissing'],
  },
  {
    what: 'a deviation that is neither on nor off',
    text: `${GOOD}tolerate: { topicEmpty: strict }\n`,
    at: '14:25 tolerate.topicEmpty',
    says: ['found "strict", expected true or false'],
  },
  ...['*.example', 'http://a.example', 'a.example/', 'a.example:0', 'a.example:65536', 'a..b:x', ''].map((host) => ({
    what: `the reply host ${JSON.stringify(host)}`,
    text: `${GOOD}replyTo: [${JSON.stringify(host)}]\n`,
    at: '14:11 replyTo[0]',
    says: ['expected a host name or an IP address, without or with ":port"; no wildcard'],
  })),
  {
    what: 'a profile that does not exist',
    text: `${GOOD}profiles: { dsup: true }\n`,
    at: '14:13 profiles.dsup',
    says: ['did you mean "dsub"?'],
  },
  {
    what: 'a registration that is neither',
    text: `${GOOD}publishers: { registration: require }\n`,
    at: '14:29 publishers.registration',
    says: ['"optional" or "required"', 'did you mean "required"?'],
  },
  {
    what: 'a retention that does not exist',
    text: `${GOOD}subscriptions: { pauseRetention: first }\n`,
    at: '14:34 subscriptions.pauseRetention',
    says: ['found "first", expected "all", "last" or "none"'],
  },
  {
    what: 'a grace that is too long',
    text: `${GOOD}subscriptions: { renewGrace: 25h }\n`,
    at: '14:30 subscriptions.renewGrace',
    says: ['found "25h", expected a duration from 0s to 24h'],
  },
  ...['forever', '0s', '10000h'].map((lifetime) => ({
    what: `the pull point lifetime ${lifetime}`,
    text: `${GOOD}pullPoints: { lifetime: ${lifetime} }\n`,
    at: '14:25 pullPoints.lifetime',
    says: [`found "${lifetime}", expected "unlimited" or a duration from 1s to 8760h`],
  })),

  // Sources
  {
    what: 'two sources of one name',
    text: `${GOOD}sources:\n  - { name: a, address: "http://x/" }\n  - { name: A, address: "http://x/" }\n`,
    at: '16:13 sources[1].name',
    says: ['but for capitals "a" of sources[0].name', 'unique among sources'],
  },
  {
    what: 'a source of an engine that does not exist',
    text: `${GOOD}sources: [{ name: a, engine: ME3, address: "http://x/" }]\n`,
    at: '14:30 sources[0].engine',
    says: ['found "ME3", expected the name of an engine', 'did you mean "ME1"?'],
  },
  ...[
    ['the publicUrl', 'http://gateway:8080/wsn/NotificationBroker', 'the publicUrl of this topology'],
    ['the proxy by another name', 'http://localhost:8080/', 'an address of proxy1'],
    ['a server', 'http://127.0.0.1:8082/wsn/NotificationBroker', 'an address of server2'],
    ['the wire of a server', 'http://[::1]:8093/', 'an address of server3'],
  ].map(([what = '', address = '', says = '']) => ({
    what: `a source that is ${what}`,
    text: `${GOOD}sources: [{ name: a, address: "${address}" }]\n`,
    at: '14:31 sources[0].address',
    says: [`found "${address}", ${says}`, 'messages would go round for ever'],
  })),
  ...['ftp://x/', '/relative', 'http://u:p@x/', 'http://x/#f', 'http://'].map((address) => ({
    what: `the source address ${address}`,
    text: `${GOOD}sources: [{ name: a, address: "${address}" }]\n`,
    at: '14:31 sources[0].address',
    says: ['expected an absolute http or https URL without fragment or user'],
  })),
  {
    what: 'a SOAP version that does not exist',
    text: `${GOOD}sources: [{ name: a, address: "http://x/", soap: 1.3 }]\n`,
    at: '14:50 sources[0].soap',
    says: ['found 1.3, expected "1.1" or "1.2"'],
  },
  {
    what: 'a dialect that is neither a name nor a URI',
    text: `${GOOD}sources: [{ name: a, address: "http://x/", topics: [{ dialect: Concret, expression: a }] }]\n`,
    at: '14:64 sources[0].topics[0].dialect',
    says: ['found "Concret", expected one of Simple, Concrete, Full, ConcreteSet, XPath, or the URI'],
  },
  {
    what: 'a topic without an expression',
    text: `${GOOD}sources: [{ name: a, address: "http://x/", topics: [{ dialect: Full }] }]\n`,
    at: '14:53 sources[0].topics[0].expression',
    says: ['missing, expected a topic expression'],
  },
  {
    what: 'a prefix that is no name',
    text: `${GOOD}sources: [{ name: a, address: "http://x/", topics: [{ expression: a, namespaces: { "1": "urn:a" } }] }]\n`,
    at: '14:84 sources[0].topics[0].namespaces.1',
    says: ['found the key "1", expected prefixes with their namespaces'],
  },
];
