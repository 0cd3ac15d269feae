// Talks to a Pointsman broker with the classes that gSOAP makes of a WSDL, as a user of gSOAP would:
//   client BROKER_URL
// Built with -DOFFICIAL for the classes made of the standards' own files, whose types of filters, topics and queries differ.
// Prints a line for each operation, "ok NAME". Exits with 1 at the first surprise. gSOAP has no use for reference
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
const char *const XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116";
#ifdef OFFICIAL
const char *const NEWS = "urn:pointsman:interop:gsoap:official";
#else
const char *const NEWS = "urn:pointsman:interop:gsoap:ours";
#endif

void say(const std::string &step) { std::cout << "ok " << step << std::endl; }

void expect(bool condition, const std::string &what) {
  if (condition) return;
  std::cout << "surprise: " << what << std::endl;
  std::exit(1);
}

void expect_ok(Proxy &proxy, int status, const std::string &step) {
  if (status != SOAP_OK) proxy.soap_stream_fault(std::cerr);
  expect(status == SOAP_OK, step + " failed");
}

void expect_content(const char *any, const std::string &wanted, const std::string &step) {
  expect(any != nullptr && std::string(any).find(wanted) != std::string::npos,
         step + " gave " + (any == nullptr ? "nothing" : any) + " instead of " + wanted);
}

bool is_unknown_resource(const Proxy &proxy) {
  const SOAP_ENV__Fault *fault = proxy.soap->fault;
  if (fault == nullptr) return false;
  const SOAP_ENV__Detail *detail = fault->detail != nullptr ? fault->detail : fault->SOAP_ENV__Detail;
  return detail != nullptr && detail->wsrfr__ResourceUnknownFault != nullptr &&
         detail->wsrfr__ResourceUnknownFault->Timestamp > 0;
}

wsnt__TopicExpressionType *topic(Proxy &proxy) {
  wsnt__TopicExpressionType *expression = soap_new_wsnt__TopicExpressionType(proxy.soap);
#ifdef OFFICIAL
  expression->__mixed = soap_strdup(proxy.soap, "news:items");
#else
  expression->__item = "news:items";
#endif
  expression->Dialect = SIMPLE;
  return expression;
}

wsnt__FilterType *topic_filter(Proxy &proxy) {
  wsnt__FilterType *filter = soap_new_wsnt__FilterType(proxy.soap);
#ifdef OFFICIAL
  const std::string element = std::string("<wsnt:TopicExpression Dialect=\"") + SIMPLE + "\">news:items</wsnt:TopicExpression>";
  filter->__any.push_back(soap_strdup(proxy.soap, element.c_str()));
#else
  filter->TopicExpression.push_back(topic(proxy));
#endif
  return filter;
}

std::string subscribe(Proxy &proxy, const std::string &broker, const char *consumer) {
  std::string lifetime = "PT1H";
  _wsnt__Subscribe request;
  request.ConsumerReference.Address = soap_strdup(proxy.soap, consumer);
  request.Filter = topic_filter(proxy);
  request.InitialTerminationTime = &lifetime;
  _wsnt__SubscribeResponse response;
  expect_ok(proxy, proxy.Subscribe(broker.c_str(), nullptr, &request, response), "Subscribe");
  expect(response.CurrentTime != nullptr && response.TerminationTime != nullptr, "Subscribe gave no times");
  const long granted = static_cast<long>(*response.TerminationTime - *response.CurrentTime);
  expect(granted > 3500 && granted < 3700, "Subscribe did not grant an hour");
  return response.SubscriptionReference.Address;
}

void life_of_a_subscription(Proxy &proxy, const char *at) {
  std::string two_hours = "PT2H";
  _wsnt__Renew renew;
  renew.TerminationTime = &two_hours;
  _wsnt__RenewResponse renewed;
  expect_ok(proxy, proxy.Renew(at, nullptr, &renew, renewed), "Renew");
  expect(renewed.CurrentTime != nullptr && renewed.TerminationTime - *renewed.CurrentTime > 7000, "Renew was short");
  say("Renew");

  _wsnt__PauseSubscription pause;
  _wsnt__PauseSubscriptionResponse paused;
  expect_ok(proxy, proxy.PauseSubscription(at, nullptr, &pause, paused), "PauseSubscription");
  say("PauseSubscription");
  _wsnt__ResumeSubscription resume;
  _wsnt__ResumeSubscriptionResponse resumed;
  expect_ok(proxy, proxy.ResumeSubscription(at, nullptr, &resume, resumed), "ResumeSubscription");
  say("ResumeSubscription");
}

void properties_of_a_subscription(Proxy &proxy, const char *at) {
  _rp__GetResourcePropertyDocument whole;
  _rp__GetResourcePropertyDocumentResponse document;
  expect_ok(proxy, proxy.GetResourcePropertyDocument(at, nullptr, &whole, document), "GetResourcePropertyDocument");
  expect_content(document.__any, "Paused", "GetResourcePropertyDocument");
  say("GetResourcePropertyDocument");

  _rp__GetResourcePropertyResponse one;
  expect_ok(proxy, proxy.GetResourceProperty(at, nullptr, "wsnt:ConsumerReference", one), "GetResourceProperty");
  expect(one.__any.size() == 1, "GetResourceProperty gave another number of properties than one");
  expect_content(one.__any.at(0), "http://127.0.0.1:9/nobody", "GetResourceProperty");
  say("GetResourceProperty");

  _rp__GetMultipleResourceProperties names;
  names.ResourceProperty = {"wsnt:CreationTime", "rl:TerminationTime"};
  _rp__GetMultipleResourcePropertiesResponse two;
  const int status = proxy.GetMultipleResourceProperties(at, nullptr, &names, two);
  expect_ok(proxy, status, "GetMultipleResourceProperties");
  expect(two.__any.size() == 2, "GetMultipleResourceProperties gave another number of properties than two");
  expect_content(two.__any.at(1), "TerminationTime", "GetMultipleResourceProperties");
  say("GetMultipleResourceProperties");

  std::string dialect = XPATH;
  rp__QueryExpressionType expression;
  expression.Dialect = &dialect;
#ifdef OFFICIAL
  expression.__mixed = soap_strdup(proxy.soap, "//wsnt:TopicExpression = 'news:items'");
#else
  expression.__item = "//wsnt:TopicExpression = 'news:items'";
#endif
  _rp__QueryResourceProperties query;
  query.QueryExpression = &expression;
  _rp__QueryResourcePropertiesResponse result;
  expect_ok(proxy, proxy.QueryResourceProperties(at, nullptr, &query, result), "QueryResourceProperties");
  expect(result.__any.size() == 1, "QueryResourceProperties gave another number of results than one");
  expect_content(result.__any.at(0), ">true<", "QueryResourceProperties");
  say("QueryResourceProperties");
}

void end_of_a_subscription(Proxy &proxy, const char *at) {
  std::string three_hours = "PT3H";
  _rl__SetTerminationTime request;
  request.__union_SetTerminationTime = SOAP_UNION__rl__union_SetTerminationTime_RequestedLifetimeDuration;
  request.union_SetTerminationTime.RequestedLifetimeDuration = &three_hours;
  _rl__SetTerminationTimeResponse response;
  expect_ok(proxy, proxy.SetTerminationTime(at, nullptr, &request, response), "SetTerminationTime");
  expect(response.NewTerminationTime != nullptr && *response.NewTerminationTime - response.CurrentTime > 10000,
         "SetTerminationTime was short");
  say("SetTerminationTime");

  _wsnt__Unsubscribe unsubscribe;
  _wsnt__UnsubscribeResponse unsubscribed;
  expect_ok(proxy, proxy.Unsubscribe(at, nullptr, &unsubscribe, unsubscribed), "Unsubscribe");
  say("Unsubscribe");
  const int again = proxy.Unsubscribe(at, nullptr, &unsubscribe, unsubscribed);
  expect(again != SOAP_OK && is_unknown_resource(proxy), "a second Unsubscribe was no ResourceUnknownFault");
  say("TypedFault");
}

void publish(Proxy &proxy, const std::string &at, const std::string &text) {
  const std::string payload = "<item xmlns=\"" + std::string(NEWS) + "\">" + text + "</item>";
  wsnt__NotificationMessageHolderType message;
  message.Topic = topic(proxy);
  message.Message.__any = soap_strdup(proxy.soap, payload.c_str());
  _wsnt__Notify notify;
  notify.NotificationMessage.push_back(&message);
  expect_ok(proxy, proxy.Notify(at.c_str(), nullptr, &notify), "Notify");
}

void fetch(Proxy &proxy, const std::string &address, std::string maximum, const std::vector<std::string> &texts) {
  _wsnt__GetMessages request;
  request.MaximumNumber = maximum.empty() ? nullptr : &maximum;
  _wsnt__GetMessagesResponse response;
  expect_ok(proxy, proxy.GetMessages(address.c_str(), nullptr, &request, response), "GetMessages");
  expect(response.NotificationMessage.size() == texts.size(), "GetMessages gave another number of messages");
  for (std::size_t index = 0; index < texts.size(); index += 1) {
    const wsnt__NotificationMessageHolderType *message = response.NotificationMessage[index];
    expect(message->Topic != nullptr && message->Topic->Dialect == SIMPLE, "the topic's dialect changed");
    expect_content(message->Message.__any, ">" + texts[index] + "<", "GetMessages");
  }
}

void pull_point(Proxy &proxy, const std::string &origin, const std::string &broker) {
  _wsnt__CreatePullPoint create;
  _wsnt__CreatePullPointResponse created;
  const std::string factory = origin + "/wsn/CreatePullPoint";
  expect_ok(proxy, proxy.CreatePullPoint(factory.c_str(), nullptr, &create, created), "CreatePullPoint");
  const std::string address = created.PullPoint.Address;
  say("CreatePullPoint");

  // One engine keeps the order; the address of the subscription names it.
  const std::string subscription = subscribe(proxy, broker, address.c_str());
  const std::string engine = subscription.substr(subscription.find("/SubscriptionManager/") + 21, 3);
  for (const char *text : {"one", "two", "three"}) publish(proxy, broker + "/" + engine, text);
  say("Notify");
  fetch(proxy, address, "2", {"one", "two"});
  fetch(proxy, address, "", {"three"});
  say("GetMessages");

  _wsnt__GetCurrentMessage current;
  current.Topic = topic(proxy);
  _wsnt__GetCurrentMessageResponse last;
  expect_ok(proxy, proxy.GetCurrentMessage(broker.c_str(), nullptr, &current, last), "GetCurrentMessage");
  expect(last.__any.size() == 1, "GetCurrentMessage gave another number of messages than one");
  expect_content(last.__any.at(0), ">three<", "GetCurrentMessage");
  say("GetCurrentMessage");

  _rl__Destroy destroy_subscription;
  _rl__DestroyResponse gone;
  expect_ok(proxy, proxy.Destroy(subscription.c_str(), nullptr, &destroy_subscription, gone), "Destroy");
  say("Destroy");
  _wsnt__DestroyPullPoint destroy;
  _wsnt__DestroyPullPointResponse destroyed;
  expect_ok(proxy, proxy.DestroyPullPoint(address.c_str(), nullptr, &destroy, destroyed), "DestroyPullPoint");
  say("DestroyPullPoint");
}

void registration(Proxy &proxy, const std::string &broker) {
  bool demand = false;
  _br__RegisterPublisher request;
  request.Topic.push_back(topic(proxy));
  request.Demand = &demand;
  _br__RegisterPublisherResponse response;
  expect_ok(proxy, proxy.RegisterPublisher(broker.c_str(), nullptr, &request, response), "RegisterPublisher");
  const std::string address = response.PublisherRegistrationReference.Address;
  say("RegisterPublisher");

  rp__UpdateType update;
  update.__any.push_back(soap_strdup(proxy.soap, "<br:Demand>false</br:Demand>"));
  _rp__SetResourceProperties set;
  set.__union_SetResourceProperties.resize(1);
  set.__union_SetResourceProperties[0].__union_SetResourceProperties = SOAP_UNION__rp__union_SetResourceProperties_Update;
  set.__union_SetResourceProperties[0].union_SetResourceProperties.Update = &update;
  _rp__SetResourcePropertiesResponse changed;
  expect_ok(proxy, proxy.SetResourceProperties(address.c_str(), nullptr, &set, changed), "SetResourceProperties");
  say("SetResourceProperties");

  _br__DestroyRegistration destroy;
  _br__DestroyRegistrationResponse destroyed;
  expect_ok(proxy, proxy.DestroyRegistration(address.c_str(), nullptr, &destroy, destroyed), "DestroyRegistration");
  say("DestroyRegistration");
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
    std::cerr << "usage: client BROKER_URL" << std::endl;
    return 2;
  }
  const std::string broker = argv[1];
  const std::string origin = broker.substr(0, broker.find("/wsn/"));
  const std::vector<Namespace> table = namespaces_with_news();
  Proxy proxy;
  soap_set_namespaces(proxy.soap, table.data());
  proxy.soap->connect_timeout = 10;
  proxy.soap->send_timeout = 30;
  proxy.soap->recv_timeout = 30;
  const std::string subscription = subscribe(proxy, broker, "http://127.0.0.1:9/nobody");
  say("Subscribe");
  life_of_a_subscription(proxy, subscription.c_str());
  properties_of_a_subscription(proxy, subscription.c_str());
  end_of_a_subscription(proxy, subscription.c_str());
  pull_point(proxy, origin, broker);
  registration(proxy, broker);
  return 0;
}
