"Speed and memory beside other libraries, on the same data in one run: `python -m benchmarks`."
