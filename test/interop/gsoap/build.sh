#!/bin/sh
# Makes the gSOAP client from a broker's WSDL: sh build.sh WSDL_URL DIRECTORY
# Needs wsdl2h, soapcpp2, g++ and gSOAP's headers and library. Leaves DIRECTORY/client.
set -eu
wsdl=$1
directory=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

mkdir -p "$directory"
cd "$directory"
wsdl2h -o wsn.h "$wsdl"
# -j: proxy classes; -C: client only; -x: no sample messages
soapcpp2 -j -C -x -I/usr/share/gsoap/import wsn.h
g++ -O0 -I. -o client "$here/client.cpp" soapC.cpp soapNotificationBrokerSoap11Proxy.cpp -lgsoap++
