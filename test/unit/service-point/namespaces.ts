/** Declarations for the bodies of requests. */
export const NAMESPACES = [
  'xmlns:wsa="http://www.w3.org/2005/08/addressing"',
  'xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"',
  'xmlns:br="http://docs.oasis-open.org/wsn/br-2"',
  'xmlns:rl="http://docs.oasis-open.org/wsrf/rl-2"',
  'xmlns:rp="http://docs.oasis-open.org/wsrf/rp-2"',
  'xmlns:wstop="http://docs.oasis-open.org/wsn/t-1"',
  'xmlns:pm="urn:pointsman:properties"',
].join(' ');
