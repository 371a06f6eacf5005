import sys, os, struct, json, random, time
sys.path.insert(0, "/work/w/py/sandbox/guest/python")
