"""Jobs on the nodes of a Ray cluster: Ray carries plain jobs and events, the local executor runs them on each node.

    driver: executor.py  --pipe-->  bridge.py: dispatcher.py, ray_cluster.py  --Ray-->  agent.py on each node: local.py

The driver has no Ray in its process: the bridge is a program of its own, whose end is one line here. The dispatcher
decides which node runs what, and whose word counts; it knows no Ray either.
"""
