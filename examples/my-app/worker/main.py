"""A worker of the shop: takes an order from the list, does it, and notes in the database that it is done."""

import os
import signal
import time

import psycopg2
import redis

queue = redis.Redis(host=os.environ.get("REDIS_HOST", "redis"))
pod = os.environ.get("POD_NAME", "worker")
going = True


def stop(*_):
    """Ends after the order that it is at."""
    global going
    going = False


def done(number):
    connection = psycopg2.connect(
        host=os.environ.get("DATABASE_HOST", "postgres"),
        dbname=os.environ.get("DATABASE_NAME", "shop"),
        user=os.environ["DATABASE_USER"],
        password=os.environ["DATABASE_PASSWORD"],
        connect_timeout=3,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("UPDATE orders SET status = 'done', done_by = %s WHERE id = %s", (pod, number))
    connection.close()


def main():
    signal.signal(signal.SIGTERM, stop)
    print(f"{pod} waits for orders", flush=True)
    while going:
        try:
            taken = queue.brpop("orders", timeout=1)
        except redis.RedisError as problem:
            print(f"the queue is away: {problem}", flush=True)
            time.sleep(1)
            continue
        if taken is None:
            continue
        number = int(taken[1])
        time.sleep(float(os.environ.get("WORK_SECONDS", "1")))
        try:
            done(number)
            print(f"order {number} done", flush=True)
        except psycopg2.Error as problem:
            queue.rpush("orders", number)  # back to where it is taken next
            print(f"order {number} goes back: {problem}", flush=True)
            time.sleep(1)


main()
