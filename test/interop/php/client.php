<?php
// Talks to a Pointsman broker with PHP's SoapClient, as a user of PHP would: php client.php WSDL_URL
//
// Prints a line for each operation, "ok NAME". Exits with 1 at the first surprise. What SoapClient makes of the WSDL it
// sends as it is; where a schema has a wildcard (xsd:any) or text with prefixes in it, it takes the XML as a string.

const WSNT = 'http://docs.oasis-open.org/wsn/b-2';
const WSRF_BR = 'http://docs.oasis-open.org/wsn/br-2';
const WSRF_RL = 'http://docs.oasis-open.org/wsrf/rl-2';
const WSRF_RP = 'http://docs.oasis-open.org/wsrf/rp-2';
const SIMPLE = 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Simple';
const XPATH = 'http://www.w3.org/TR/1999/REC-xpath-19991116';

function say(string $step): void
{
    echo "ok $step\n";
}

function expect(bool $condition, string $what): void
{
    if ($condition) {
        return;
    }
    echo "surprise: $what\n";
    exit(1);
}

/** An element written out, for the places where SoapClient cannot declare a prefix. */
function xml(string $element): SoapVar
{
    return new SoapVar($element, XSD_ANYXML);
}

final class Broker
{
    private readonly SoapClient $client;
    public readonly string $news;

    public function __construct(string $wsdl, int $version)
    {
        $this->news = "urn:pointsman:interop:php:$version";
        $this->client = new SoapClient($wsdl, [
            'soap_version' => $version,
            'cache_wsdl' => WSDL_CACHE_NONE,
            'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
            'exceptions' => true,
        ]);
    }

    /** To where the WSDL says, or to an endpoint reference: its address alone is enough. */
    public function call(string $operation, mixed $argument, ?object $reference = null, ?string $address = null): mixed
    {
        $options = [];
        $address ??= $reference?->Address->_;
        if ($address !== null) {
            $options['location'] = $address;
        }
        return $this->client->__soapCall($operation, [$argument], $options);
    }

    public function topic(string $name): string
    {
        $dialect = SIMPLE;
        return "<w:$name xmlns:w=\"" . WSNT . "\" xmlns:news=\"{$this->news}\" Dialect=\"$dialect\">news:items</w:$name>";
    }
}

/** What came in the place of a wildcard: XML as a string where it is unknown, else objects as the schema types them. */
function any(object $response): string
{
    return json_encode($response->any ?? '', JSON_UNESCAPED_SLASHES);
}

function subscribe(Broker $broker, mixed $consumer): object
{
    $filter = '<w:Filter xmlns:w="' . WSNT . '">' . $broker->topic('TopicExpression') . '</w:Filter>';
    $response = $broker->call('Subscribe', [
        'ConsumerReference' => $consumer,
        'Filter' => xml($filter),
        'InitialTerminationTime' => 'PT1H',
    ]);
    $granted = strtotime($response->TerminationTime) - strtotime($response->CurrentTime);
    expect($granted > 3500 && $granted < 3700, "granted $granted s instead of 1 h");
    return $response->SubscriptionReference;
}

function subscription(Broker $broker): void
{
    // Nobody listens there: this client only looks at the life of the subscription.
    $reference = subscribe($broker, ['Address' => ['_' => 'http://127.0.0.1:9/nobody']]);
    say('Subscribe');
    $renewed = $broker->call('Renew', ['TerminationTime' => 'PT2H'], $reference);
    expect(strtotime($renewed->TerminationTime) - strtotime($renewed->CurrentTime) > 7000, 'Renew was short');
    say('Renew');
    foreach (['PauseSubscription', 'ResumeSubscription'] as $operation) {
        $broker->call($operation, [], $reference);
        say($operation);
    }
    properties($broker, $reference);
    $set = $broker->call('SetTerminationTime', ['RequestedLifetimeDuration' => 'PT3H'], $reference);
    expect(strtotime($set->NewTerminationTime) - strtotime($set->CurrentTime) > 10000, 'SetTerminationTime was short');
    say('SetTerminationTime');
    $broker->call('Unsubscribe', [], $reference);
    say('Unsubscribe');
    try {
        $broker->call('Unsubscribe', [], $reference);
        expect(false, 'a second Unsubscribe was answered');
    } catch (SoapFault $fault) {
        $detail = $fault->detail->ResourceUnknownFault ?? null;
        $shown = json_encode($fault->detail ?? null);
        expect(strtotime($detail->Timestamp ?? '') > 0, "the fault was no ResourceUnknownFault: $shown");
    }
    say('TypedFault');
}

function properties(Broker $broker, object $reference): void
{
    // The schema knows the document, so it comes typed.
    $document = $broker->call('GetResourcePropertyDocument', [], $reference)->any['Subscription'] ?? null;
    expect($document?->Paused === false, 'GetResourcePropertyDocument gave no typed document');
    say('GetResourcePropertyDocument');
    $rp = WSRF_RP;
    $names = 'xmlns:r="' . $rp . '" xmlns:w="' . WSNT . '" xmlns:l="' . WSRF_RL . '"';
    // The body is a name, and its prefix must be declared.
    $one = $broker->call('GetResourceProperty', xml("<r:GetResourceProperty $names>w:ConsumerReference</r:GetResourceProperty>"), $reference);
    expect(str_contains(any($one), 'http://127.0.0.1:9/nobody'), 'GetResourceProperty gave ' . any($one));
    say('GetResourceProperty');
    $wanted = array_map(
        fn (string $name) => xml("<r:ResourceProperty $names>$name</r:ResourceProperty>"),
        ['w:CreationTime', 'l:TerminationTime'],
    );
    $two = any($broker->call('GetMultipleResourceProperties', ['ResourceProperty' => $wanted], $reference));
    expect(str_contains($two, 'CreationTime') && str_contains($two, 'TerminationTime'), "the two properties were $two");
    say('GetMultipleResourceProperties');
    $dialect = XPATH;
    $expression = "<r:QueryExpression $names Dialect=\"$dialect\">//w:TopicExpression = 'news:items'</r:QueryExpression>";
    $result = any($broker->call('QueryResourceProperties', ['QueryExpression' => xml($expression)], $reference));
    expect(str_contains($result, 'true'), "QueryResourceProperties gave $result");
    say('QueryResourceProperties');
}

/** @return list<string> */
function pull(Broker $broker, object $pullPoint, array $request): array
{
    $response = $broker->call('GetMessages', $request, $pullPoint);
    return array_map(function (object $message) use ($broker): string {
        expect($message->Topic->Dialect === SIMPLE, "the topic's dialect changed");
        $payload = $message->Message->any;
        expect(str_contains($payload, "=\"{$broker->news}\""), "the payload's namespace changed: $payload");
        return strip_tags($payload);
    }, $response->NotificationMessage ?? []);
}

function pullPoint(Broker $broker, string $url): void
{
    $pullPoint = $broker->call('CreatePullPoint', [])->PullPoint;
    say('CreatePullPoint');
    $subscription = subscribe($broker, $pullPoint);
    // One engine keeps the order; the address of the subscription names it.
    $engine = explode('/', parse_url($subscription->Address->_, PHP_URL_PATH))[3];
    foreach (['one', 'two', 'three'] as $text) {
        $topic = xml($broker->topic('Topic'));
        $payload = "<i:item xmlns:i=\"{$broker->news}\">$text</i:item>";
        $message = ['Topic' => $topic, 'Message' => ['any' => $payload]];
        // Several ports of the WSDL have a Notify, and SoapClient knows one by that name: the address says which is meant.
        $broker->call('Notify', ['NotificationMessage' => [$message]], null, "$url/$engine");
    }
    say('Notify');
    $received = [...pull($broker, $pullPoint, ['MaximumNumber' => 2]), ...pull($broker, $pullPoint, [])];
    expect($received === ['one', 'two', 'three'], 'GetMessages gave ' . json_encode($received));
    say('GetMessages');
    $last = any($broker->call('GetCurrentMessage', ['Topic' => xml($broker->topic('Topic'))]));
    expect(str_contains($last, 'three'), "GetCurrentMessage gave $last");
    say('GetCurrentMessage');
    $broker->call('Destroy', [], $subscription);
    say('Destroy');
    $broker->call('DestroyPullPoint', [], $pullPoint);
    say('DestroyPullPoint');
}

function registration(Broker $broker): void
{
    $request = ['Topic' => [xml(str_replace(WSNT, WSRF_BR, $broker->topic('Topic')))], 'Demand' => false];
    $reference = $broker->call('RegisterPublisher', $request)->PublisherRegistrationReference;
    say('RegisterPublisher');
    $demand = '<b:Demand xmlns:b="' . WSRF_BR . '">false</b:Demand>';
    $broker->call('SetResourceProperties', ['Update' => ['any' => $demand]], $reference);
    say('SetResourceProperties');
    $broker->call('DestroyRegistration', [], $reference);
    say('DestroyRegistration');
}

if ($argc !== 2) {
    fwrite(STDERR, "usage: php client.php WSDL_URL\n");
    exit(2);
}
foreach ([SOAP_1_1, SOAP_1_2] as $version) {
    $broker = new Broker($argv[1], $version);
    subscription($broker);
    pullPoint($broker, strtok($argv[1], '?'));
    registration($broker);
}
