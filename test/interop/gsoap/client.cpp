// Talks to a Pointsman broker with the classes that gSOAP makes of its WSDL, as a user of gSOAP would:
//   client WSDL_URL
// Prints one JSON object a line for each step. Exits with 1 at the first surprise. gSOAP has no use for reference
// parameters, so this client only keeps the addresses of endpoint references.

#include "NotificationBrokerSoap11.nsmap"
#include "soapNotificationBrokerSoap11Proxy.h"
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

using Proxy = NotificationBrokerSoap11Proxy;

const char *const SIMPLE = "http://docs.oasis-open.org/wsn/t-1/TopicExpression/Simple";
const char *const NEWS = "urn:pointsman:interop:gsoap";

void say(const std::string &step, const std::string &fields = "") {
  std::cout << "{\"step\": \"" << step << "\"" << fields << "}" << std::endl;
}

void expect(bool condition, const std::string &what) {
  if (condition) return;
  say("surprise", ", \"what\": \"" + what + "\"");
  std::exit(1);
}

void expect_ok(Proxy &proxy, int status, const std::string &step) {
  if (status != SOAP_OK) proxy.soap_stream_fault(std::cerr);
  expect(status == SOAP_OK, step + " failed");
}

bool is_unknown_resource(const Proxy &proxy) {
  const SOAP_ENV__Fault *fault = proxy.soap->fault;
  if (fault == nullptr) return false;
  const SOAP_ENV__Detail *detail = fault->detail != nullptr ? fault->detail : fault->SOAP_ENV__Detail;
  return detail != nullptr && detail->wsrfr__ResourceUnknownFault != nullptr;
}

wsnt__TopicExpressionType *topic(Proxy &proxy) {
  wsnt__TopicExpressionType *expression = soap_new_wsnt__TopicExpressionType(proxy.soap);
  expression->__item = "news:items";
  expression->Dialect = SIMPLE;
  return expression;
}

_wsnt__Subscribe subscription_of(Proxy &proxy, const char *consumer, std::string &lifetime) {
  _wsnt__Subscribe request;
  request.ConsumerReference.Address = soap_strdup(proxy.soap, consumer);
  request.Filter = soap_new_wsnt__FilterType(proxy.soap);
  request.Filter->TopicExpression.push_back(topic(proxy));
  request.InitialTerminationTime = &lifetime;
  return request;
}

void push_subscription(Proxy &proxy, const std::string &broker) {
  std::string hour = "PT1H";
  std::string two_hours = "PT2H";
  // Nobody listens there: this client only looks at the life of the subscription.
  _wsnt__Subscribe request = subscription_of(proxy, "http://127.0.0.1:9/nobody", hour);
  _wsnt__SubscribeResponse response;
  expect_ok(proxy, proxy.Subscribe(broker.c_str(), nullptr, &request, response), "Subscribe");
  const std::string manager = response.SubscriptionReference.Address;
  expect(response.CurrentTime != nullptr && response.TerminationTime != nullptr, "Subscribe gave no times");
  const long lifetime = static_cast<long>(*response.TerminationTime - *response.CurrentTime);
  expect(lifetime > 3500 && lifetime < 3700, "Subscribe did not grant an hour");
  const time_t end = *response.TerminationTime;
  say("Subscribe", ", \"reference\": \"" + manager + "\"");

  _wsnt__Renew renew;
  renew.TerminationTime = &two_hours;
  _wsnt__RenewResponse renewed;
  expect_ok(proxy, proxy.Renew(manager.c_str(), nullptr, &renew, renewed), "Renew");
  expect(renewed.TerminationTime >= end, "Renew did not prolong");
  say("Renew");

  _wsnt__Unsubscribe unsubscribe;
  _wsnt__UnsubscribeResponse unsubscribed;
  expect_ok(proxy, proxy.Unsubscribe(manager.c_str(), nullptr, &unsubscribe, unsubscribed), "Unsubscribe");
  const int again = proxy.Unsubscribe(manager.c_str(), nullptr, &unsubscribe, unsubscribed);
  expect(again != SOAP_OK && is_unknown_resource(proxy), "a second Unsubscribe was no ResourceUnknownFault");
  say("Unsubscribe");
}

void publish(Proxy &proxy, const std::string &broker, const std::string &text) {
  const std::string payload = "<item xmlns=\"" + std::string(NEWS) + "\">" + text + "</item>";
  wsnt__NotificationMessageHolderType message;
  message.Topic = topic(proxy);
  message.Message.__any = soap_strdup(proxy.soap, payload.c_str());
  _wsnt__Notify notify;
  notify.NotificationMessage.push_back(&message);
  expect_ok(proxy, proxy.Notify(broker.c_str(), nullptr, &notify), "Notify");
}

std::size_t fetch(Proxy &proxy, const std::string &address, std::string maximum, const std::vector<std::string> &texts,
                  std::size_t from) {
  _wsnt__GetMessages request;
  request.MaximumNumber = maximum.empty() ? nullptr : &maximum;
  _wsnt__GetMessagesResponse response;
  expect_ok(proxy, proxy.GetMessages(address.c_str(), nullptr, &request, response), "GetMessages");
  for (const wsnt__NotificationMessageHolderType *message : response.NotificationMessage) {
    expect(from < texts.size(), "GetMessages gave more than was published");
    expect(message->Topic != nullptr && message->Topic->Dialect == SIMPLE, "the topic's dialect changed");
    const std::string payload = message->Message.__any == nullptr ? "" : message->Message.__any;
    expect(payload.find(">" + texts[from] + "<") != std::string::npos, "the payload changed");
    from += 1;
  }
  return from;
}

void pull_point(Proxy &proxy, const std::string &origin, const std::string &broker) {
  std::string hour = "PT1H";
  _wsnt__CreatePullPoint create;
  _wsnt__CreatePullPointResponse created;
  const std::string factory = origin + "/wsn/CreatePullPoint";
  expect_ok(proxy, proxy.CreatePullPoint(factory.c_str(), nullptr, &create, created), "CreatePullPoint");
  const std::string address = created.PullPoint.Address;
  say("CreatePullPoint", ", \"address\": \"" + address + "\"");

  _wsnt__Subscribe request = subscription_of(proxy, address.c_str(), hour);
  _wsnt__SubscribeResponse response;
  expect_ok(proxy, proxy.Subscribe(broker.c_str(), nullptr, &request, response), "Subscribe with the pull point");
  const std::string manager = response.SubscriptionReference.Address;
  say("SubscribePullPoint", ", \"reference\": \"" + manager + "\"");

  const std::vector<std::string> texts = {"one", "two", "three"};
  for (const std::string &text : texts) publish(proxy, broker, text);
  say("Notify");

  std::size_t received = fetch(proxy, address, "2", texts, 0);
  expect(received == 2, "GetMessages gave another number than MaximumNumber");
  received = fetch(proxy, address, "", texts, received);
  expect(received == texts.size(), "GetMessages did not give everything");
  say("GetMessages");

  _wsnt__Unsubscribe unsubscribe;
  _wsnt__UnsubscribeResponse unsubscribed;
  expect_ok(proxy, proxy.Unsubscribe(manager.c_str(), nullptr, &unsubscribe, unsubscribed), "Unsubscribe");
  _wsnt__DestroyPullPoint destroy;
  _wsnt__DestroyPullPointResponse destroyed;
  expect_ok(proxy, proxy.DestroyPullPoint(address.c_str(), nullptr, &destroy, destroyed), "DestroyPullPoint");
  _wsnt__GetMessages late;
  _wsnt__GetMessagesResponse nothing;
  const int status = proxy.GetMessages(address.c_str(), nullptr, &late, nothing);
  expect(status != SOAP_OK && is_unknown_resource(proxy), "a destroyed pull point gave no ResourceUnknownFault");
  say("DestroyPullPoint");
}

// gSOAP declares the namespaces of a table on every envelope: the way to bring in the prefix of a topic.
std::vector<Namespace> namespaces_with_news() {
  std::vector<Namespace> table;
  for (const Namespace *entry = namespaces; entry->id != nullptr; ++entry) table.push_back(*entry);
  table.push_back({"news", NEWS, nullptr, nullptr});
  table.push_back({nullptr, nullptr, nullptr, nullptr});
  return table;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::cerr << "usage: client WSDL_URL" << std::endl;
    return 2;
  }
  const std::string url = argv[1];
  const std::string origin = url.substr(0, url.find("/wsn/"));
  const std::string broker = origin + "/wsn/NotificationBroker";
  const std::vector<Namespace> table = namespaces_with_news();
  Proxy proxy;
  soap_set_namespaces(proxy.soap, table.data());
  proxy.soap->connect_timeout = 10;
  proxy.soap->send_timeout = 30;
  proxy.soap->recv_timeout = 30;
  push_subscription(proxy, broker);
  pull_point(proxy, origin, broker);
  say("Done");
  return 0;
}
