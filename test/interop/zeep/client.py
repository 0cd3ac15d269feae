"""Talks to a Pointsman broker with python-zeep, as a user of zeep would: python3 client.py WSDL_URL

Prints a line for each operation, "ok NAME", first in SOAP 1.1 and then in SOAP 1.2. Exits with 1 at the first surprise.
"""

import sys
from datetime import datetime, timedelta, timezone

import zeep
from lxml import etree

SIMPLE = "http://docs.oasis-open.org/wsn/t-1/TopicExpression/Simple"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
WSA = "http://www.w3.org/2005/08/addressing"
WSNT = "http://docs.oasis-open.org/wsn/b-2"
BR = "http://docs.oasis-open.org/wsn/br-2"
RL = "http://docs.oasis-open.org/wsrf/rl-2"


def say(step):
    print("ok " + step, flush=True)


def expect(condition, what):
    if not condition:
        print("surprise: " + what, flush=True)
        sys.exit(1)


def expect_fault(name, call):
    try:
        call()
    except zeep.exceptions.Fault as fault:
        detail = None if fault.detail is None else fault.detail[0]
        found = None if detail is None else etree.QName(detail).localname
        expect(found == name, "expected %s, got %s: %s" % (name, found, fault.message))
        return detail
    expect(False, "expected %s, got an answer" % name)


def headers_of(reference):
    """The reference parameters as header blocks (WS-Addressing SOAP Binding 3.3)."""
    parameters = reference.ReferenceParameters
    blocks = [] if parameters is None else list(parameters._value_1)
    for block in blocks:
        block.set("{%s}IsReferenceParameter" % WSA, "true")
    return blocks


class Broker:
    """The services of the WSDL, each for SOAP 1.1 or 1.2."""

    def __init__(self, wsdl_url, version):
        self.client = zeep.Client(wsdl_url)
        self.version = version
        self.news = "urn:pointsman:interop:zeep:" + version
        # Prefixes for what the text of elements says: zeep declares them on every envelope.
        for prefix, namespace in (("news", self.news), ("wsnt", WSNT), ("rl", RL)):
            self.client.set_ns_prefix(prefix, namespace)

    def service(self, name, address=None):
        port = self.client.wsdl.services[name + "Service"].ports[name + self.version + "Port"]
        return self.client.create_service(port.binding.name.text, address or port.binding_options["address"])

    def call(self, name, operation, reference=None, address=None, **arguments):
        if reference is not None:
            arguments["_soapheaders"] = headers_of(reference)
            address = reference.Address._value_1
        return self.service(name, address)[operation](**arguments)

    def element(self, namespace, name, text):
        element = etree.Element("{%s}%s" % (namespace, name))
        element.text = text
        return element


def topic():
    return {"_value_1": "news:items", "Dialect": SIMPLE}


def subscribe(broker, consumer):
    content = {"_value_1": "namespace-uri(/*) = '%s'" % broker.news, "Dialect": XPATH}
    answer = broker.call(
        "NotificationBroker",
        "Subscribe",
        ConsumerReference=consumer,
        Filter={"TopicExpression": [topic()], "MessageContent": [content]},
        InitialTerminationTime="PT1H",
    )
    lifetime = answer.TerminationTime - answer.CurrentTime
    expect(timedelta(minutes=59) < lifetime < timedelta(minutes=61), "granted %s instead of 1 h" % lifetime)
    return answer.SubscriptionReference


def subscription(broker):
    # Nobody listens there: this client only looks at the life of the subscription.
    reference = subscribe(broker, {"Address": "http://127.0.0.1:9/nobody"})
    say("Subscribe")
    renewed = broker.call("SubscriptionManager", "Renew", reference, TerminationTime="PT2H")
    expect(renewed.TerminationTime - renewed.CurrentTime > timedelta(minutes=110), "Renew was short")
    say("Renew")
    for operation in ("PauseSubscription", "ResumeSubscription"):
        broker.call("SubscriptionManager", operation, reference)
        say(operation)
    properties(broker, reference)
    answer = broker.call(
        "ResourceLifetime", "SetTerminationTime", reference, RequestedLifetimeDuration=timedelta(hours=3)
    )
    expect(answer.NewTerminationTime - answer.CurrentTime > timedelta(minutes=170), "SetTerminationTime was short")
    say("SetTerminationTime")
    broker.call("SubscriptionManager", "Unsubscribe", reference)
    say("Unsubscribe")
    detail = expect_fault(
        "ResourceUnknownFault", lambda: broker.call("SubscriptionManager", "Unsubscribe", reference)
    )
    # zeep hands the detail over as XML; the schema that it has read makes it typed.
    fault = broker.client.wsdl.types.deserialize(detail)
    expect(abs(fault.Timestamp - datetime.now(timezone.utc)) < timedelta(hours=1), "the fault has no time")
    say("TypedFault")


def properties(broker, reference):
    def ask(operation, *arguments, **named):
        service = broker.service("ResourceProperties", reference.Address._value_1)
        return service[operation](*arguments, **named, _soapheaders=headers_of(reference))

    # The schema knows the document, so it comes typed.
    expect(ask("GetResourcePropertyDocument").Paused is False, "GetResourcePropertyDocument gave no typed document")
    say("GetResourcePropertyDocument")
    one = ask("GetResourceProperty", etree.QName(WSNT, "ConsumerReference"))
    expect("http://127.0.0.1:9/nobody" in repr(one), "GetResourceProperty gave %s" % one)
    say("GetResourceProperty")
    names = [etree.QName(WSNT, "CreationTime"), etree.QName(RL, "TerminationTime")]
    two = ask("GetMultipleResourceProperties", ResourceProperty=names)
    expect(len(two) == 2, "GetMultipleResourceProperties gave %s" % two)
    say("GetMultipleResourceProperties")
    expression = {"_value_1": "//wsnt:TopicExpression = 'news:items'", "Dialect": XPATH}
    result = ask("QueryResourceProperties", QueryExpression=expression)
    expect("true" in repr(result), "QueryResourceProperties gave %s" % result)
    say("QueryResourceProperties")


def publish(broker, text, address):
    payload = broker.element(broker.news, "item", text)
    message = {"Topic": topic(), "Message": {"_value_1": payload}}
    broker.call("NotificationBroker", "Notify", address=address, NotificationMessage=[message])


def pull(broker, reference, **arguments):
    messages = broker.call("PullPoint", "GetMessages", reference, **arguments).NotificationMessage
    for message in messages:
        expect(message.Topic is not None and message.Topic.Dialect == SIMPLE, "the topic's dialect changed")
        expect(etree.QName(message.Message._value_1).namespace == broker.news, "the payload's namespace changed")
    return [message.Message._value_1.text for message in messages]


def pull_point(broker, broker_url):
    created = broker.call("CreatePullPoint", "CreatePullPoint").PullPoint
    say("CreatePullPoint")
    reference = subscribe(broker, created)
    # One engine keeps the order; the address of the subscription names it.
    engine = reference.Address._value_1.split("/")[-2]
    for text in ("one", "two", "three"):
        publish(broker, text, "%s/%s" % (broker_url, engine))
    say("Notify")
    received = [pull(broker, created, MaximumNumber=2), pull(broker, created)]
    expect(received == [["one", "two"], ["three"]], "GetMessages gave %s" % received)
    say("GetMessages")
    last = broker.call("NotificationBroker", "GetCurrentMessage", Topic=topic())
    expect([element.text for element in last] == ["three"], "GetCurrentMessage gave %s" % last)
    say("GetCurrentMessage")
    broker.call("ResourceLifetime", "Destroy", reference)
    say("Destroy")
    broker.call("PullPoint", "DestroyPullPoint", created)
    say("DestroyPullPoint")


def registration(broker):
    answer = broker.call("NotificationBroker", "RegisterPublisher", Topic=[topic()], Demand=False)
    reference = answer.PublisherRegistrationReference
    say("RegisterPublisher")
    changes = [{"Update": {"_value_1": [broker.element(BR, "Demand", "false")]}}]
    broker.call("ResourceProperties", "SetResourceProperties", reference, _value_1=changes)
    say("SetResourceProperties")
    broker.call("PublisherRegistrationManager", "DestroyRegistration", reference)
    say("DestroyRegistration")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: client.py WSDL_URL")
    for version in ("Soap11", "Soap12"):
        broker = Broker(sys.argv[1], version)
        subscription(broker)
        pull_point(broker, sys.argv[1].split("?")[0])
        registration(broker)


main()
