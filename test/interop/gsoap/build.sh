#!/bin/sh
# Makes the gSOAP client, in DIRECTORY/client:
#   sh build.sh ours WSDL_URL DIRECTORY      from a broker's WSDL
#   sh build.sh official FOLDER DIRECTORY    from the standards' own files, which lie in FOLDER
# Needs wsdl2h, soapcpp2, g++ and gSOAP's headers and library.
set -eu
kind=$1
source=$2
directory=$3
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

mkdir -p "$directory"
if [ "$kind" = official ]; then
  # They point at each other on the web; here they lie side by side.
  for file in "$source"/*.xsd "$source"/*.wsdl; do
    sed 's#"http://[^"]*/\([^"/]*\.xsd\)"#"\1"#g; s#"http://[^"]*/\([^"/]*\.wsdl\)"#"\1"#g' "$file" >"$directory/$(basename "$file")"
  done
  cp "$here/official.wsdl" "$directory/"
  source=official.wsdl
  define=-DOFFICIAL
else
  define=-DOURS
fi

cd "$directory"
# The names of the classes begin with these prefixes, whichever files they come from.
{
  cat /usr/share/gsoap/WS/typemap.dat
  echo 'br = "http://docs.oasis-open.org/wsn/br-2"'
  echo 'rl = "http://docs.oasis-open.org/wsrf/rl-2"'
  echo 'rp = "http://docs.oasis-open.org/wsrf/rp-2"'
} >typemap.dat
# -P: no classes derived from xsd:anyType; -j: proxy classes; -C: client only; -x: no sample messages
wsdl2h -P -t typemap.dat -o wsn.h "$source"
soapcpp2 -j -C -x -I/usr/share/gsoap/import wsn.h
g++ -O0 -w "$define" -I. -o client "$here/client.cpp" soapC.cpp soapNotificationBrokerSoap11Proxy.cpp -lgsoap++
