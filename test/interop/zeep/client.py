"""Talks to a Pointsman broker with python-zeep, as a user of zeep would: python3 client.py WSDL_URL

Prints one JSON object a line for each step. Exits with 1 at the first surprise.
"""

import json
import sys
from datetime import datetime, timedelta, timezone

import zeep
from lxml import etree

SIMPLE = "http://docs.oasis-open.org/wsn/t-1/TopicExpression/Simple"
NEWS = "urn:pointsman:interop:zeep"
WSA = "http://www.w3.org/2005/08/addressing"


def say(step, **fields):
    print(json.dumps({"step": step, **fields}), flush=True)


def expect(condition, what):
    if not condition:
        say("surprise", what=what)
        sys.exit(1)


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
        self.client.set_ns_prefix("news", NEWS)
        self.version = version

    def service(self, name, reference=None):
        port = self.client.wsdl.services[name + "Service"].ports[name + self.version + "Port"]
        address = port.binding_options["address"] if reference is None else reference.Address._value_1
        return self.client.create_service(port.binding.name.text, address)

    def call(self, name, operation, reference=None, **arguments):
        if reference is not None:
            arguments["_soapheaders"] = headers_of(reference)
        return self.service(name, reference)[operation](**arguments)

    def payload(self, text):
        element = etree.Element("{%s}item" % NEWS)
        element.text = text
        return element


def topic():
    return {"_value_1": "news:items", "Dialect": SIMPLE}


def expect_fault(name, call):
    try:
        call()
    except zeep.exceptions.Fault as fault:
        detail = fault.detail[0] if fault.detail is not None and len(fault.detail) else None
        found = None if detail is None else etree.QName(detail).localname
        expect(found == name, "expected %s, got %s: %s" % (name, found, fault.message))
        return
    expect(False, "expected %s, got an answer" % name)


def push_subscription(broker):
    # Nobody listens there: this client only looks at the life of the subscription.
    answer = broker.call(
        "NotificationBroker",
        "Subscribe",
        ConsumerReference={"Address": "http://127.0.0.1:9/nobody"},
        Filter={"TopicExpression": [topic()]},
        InitialTerminationTime="PT1H",
    )
    reference = answer.SubscriptionReference
    lifetime = answer.TerminationTime - answer.CurrentTime
    expect(timedelta(minutes=59) < lifetime < timedelta(minutes=61), "granted %s instead of 1 h" % lifetime)
    say("Subscribe", reference=reference.Address._value_1, terminationTime=answer.TerminationTime.isoformat())

    renewed = broker.call("SubscriptionManager", "Renew", reference, TerminationTime="PT2H")
    expect(renewed.TerminationTime > answer.TerminationTime, "Renew did not prolong")
    say("Renew", terminationTime=renewed.TerminationTime.isoformat())

    broker.call("SubscriptionManager", "PauseSubscription", reference)
    broker.call("SubscriptionManager", "ResumeSubscription", reference)
    say("PauseAndResume")

    broker.call("SubscriptionManager", "Unsubscribe", reference)
    expect_fault("ResourceUnknownFault", lambda: broker.call("SubscriptionManager", "Unsubscribe", reference))
    say("Unsubscribe")


def pull_point(broker):
    created = broker.call("CreatePullPoint", "CreatePullPoint").PullPoint
    say("CreatePullPoint", address=created.Address._value_1)

    end = (datetime.now(timezone.utc) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = broker.call(
        "NotificationBroker",
        "Subscribe",
        ConsumerReference=created,
        Filter={"TopicExpression": [topic()]},
        InitialTerminationTime=end,
    )
    say("SubscribePullPoint", reference=answer.SubscriptionReference.Address._value_1)

    texts = ["one", "two", "three"]
    for text in texts:
        message = {"Topic": topic(), "Message": {"_value_1": broker.payload(text)}}
        broker.call("NotificationBroker", "Notify", NotificationMessage=[message])
    say("Notify", count=len(texts))

    received = []
    for maximum in (2, None):
        arguments = {} if maximum is None else {"MaximumNumber": maximum}
        messages = broker.call("PullPoint", "GetMessages", created, **arguments).NotificationMessage
        expect(maximum is None or len(messages) <= maximum, "more than MaximumNumber")
        for message in messages:
            expect(message.Topic is not None and message.Topic.Dialect == SIMPLE, "the topic's dialect changed")
            payload = message.Message._value_1
            expect(etree.QName(payload).namespace == NEWS, "the payload's namespace changed")
            received.append(payload.text)
    expect(received == texts, "expected %s, got %s" % (texts, received))
    say("GetMessages", received=received)

    broker.call("SubscriptionManager", "Unsubscribe", answer.SubscriptionReference)
    broker.call("PullPoint", "DestroyPullPoint", created)
    expect_fault("ResourceUnknownFault", lambda: broker.call("PullPoint", "GetMessages", created))
    say("DestroyPullPoint")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: client.py WSDL_URL")
    for version in ("Soap11", "Soap12"):
        broker = Broker(sys.argv[1], version)
        say("Load", version=version, operations=sorted(broker.service("NotificationBroker")._operations))
        push_subscription(broker)
        pull_point(broker)
    say("Done")


main()
