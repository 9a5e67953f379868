"""`python3 load.py PORT SECONDS`: asks for recommendations, one request after the other, and says how many it got."""
import http.client
import sys
import time


def main():
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    connection = http.client.HTTPConnection("127.0.0.1", port)
    end, requests = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        connection.request("GET", f"/recommend?item={requests}")
        answer = connection.getresponse()
        assert answer.status == 200, answer.status
        answer.read()
        requests += 1
    print("requests", requests, flush=True)


main()
