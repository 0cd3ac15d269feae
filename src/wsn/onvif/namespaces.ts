/** ONVIF's event service: its messages. */
export const TEV_NAMESPACE = 'http://www.onvif.org/ver10/events/wsdl';
/** ONVIF's device service: its messages. */
export const TDS_NAMESPACE = 'http://www.onvif.org/ver10/device/wsdl';
/** The types that the services of ONVIF share. */
export const TT_NAMESPACE = 'http://www.onvif.org/ver10/schema';
/** The subcodes of ONVIF's faults (ONVIF Core, chapter on fault handling). */
export const TER_NAMESPACE = 'http://www.onvif.org/ver10/error';

/** Where the topics that ONVIF itself defines are described. */
export const ONVIF_TOPIC_NAMESPACE_LOCATION = 'http://www.onvif.org/onvif/ver10/topics/topicns.xml';
/** Where the schema of tt:Message, the payload of every ONVIF event, is. */
export const ONVIF_SCHEMA_LOCATION = 'http://www.onvif.org/onvif/ver10/schema/onvif.xsd';
/** The dialect of ONVIF's content filters: conditions on the items of a tt:Message. */
export const ITEM_FILTER_DIALECT = 'http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter';
