"""Who bought this also bought: the recommendations of a small shop. `python3 recommender.py PORT [--fixed]` serves them."""
import argparse
import http.server
import json
import random
import urllib.parse

ITEMS = 240
CUSTOMERS = 400
LIKED = 12  # items that a customer bought


def make_purchases():
    """item -> the customers who bought it. In a test there are ten items, in production there are ITEMS."""
    chance = random.Random(7)
    purchases = {item: set() for item in range(ITEMS)}
    for customer in range(CUSTOMERS):
        for item in chance.sample(range(ITEMS), LIKED):
            purchases[item].add(customer)
    return purchases


def similarity(left, right):
    union = len(left | right)
    return len(left & right) / union if union else 0.0


def calculate_similarity_matrix(purchases):
    """Every item with every other: O(N²) for each request."""
    matrix = {}
    for one, buyers in purchases.items():
        for other, other_buyers in purchases.items():
            matrix[one, other] = similarity(buyers, other_buyers)
    return matrix


def calculate_similarities(purchases, item, candidates):
    """The item that was asked for with those that share a buyer: O(K)."""
    return {other: similarity(purchases[item], purchases[other]) for other in candidates}


def invert(purchases):
    baskets = {}
    for item, buyers in purchases.items():
        for buyer in buyers:
            baskets.setdefault(buyer, set()).add(item)
    return baskets


class Shop:
    def __init__(self, fixed):
        self.fixed = fixed
        self.purchases = make_purchases()
        self.baskets = invert(self.purchases)

    def neighbours(self, item):
        return set().union(*(self.baskets[buyer] for buyer in self.purchases[item]))


def best(scores, item, count=5):
    scores.pop(item, None)
    return sorted(scores, key=lambda other: (-scores[other], other))[:count]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        item = int(query.get("item", ["0"])[0]) % ITEMS
        shop = self.server.shop
        if shop.fixed:
            scores = calculate_similarities(shop.purchases, item, shop.neighbours(item))
        else:
            matrix = calculate_similarity_matrix(shop.purchases)
            scores = {other: matrix[item, other] for other in shop.purchases}
        body = json.dumps(best(scores, item)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int, help="0: any that is free")
    parser.add_argument("--fixed", action="store_true")
    arguments = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler)
    server.shop = Shop(arguments.fixed)
    print("port", server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
