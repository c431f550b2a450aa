# Made by envs/make_environment.py from envs/beliefppg.txt: change that, then run
# make envs/beliefppg.post-deploy.sh
set -e
python -m pip install --no-deps --requirement /dev/stdin <<'PINS'
beliefppg==0.3.1
tensorflow-cpu==2.21.0; sys_platform == "linux" and platform_machine == "x86_64"
tensorflow==2.21.0; sys_platform != "linux" or platform_machine != "x86_64"
tf_keras==2.21.0
tensorflow-probability==0.22.1
setuptools==81.0.0
numpy==2.4.6
scipy==1.17.1
pandas==2.3.3
absl-py==2.5.1
astunparse==1.6.3
attrs==26.1.0
certifi==2026.10.18
charset-normalizer==3.5.2
cloudpickle==3.1.2
decorator==5.3.1
dm-tree==0.1.10
flatbuffers==25.12.19
gast==0.7.0
google-pasta==0.2.0
grpcio==1.85.1
h5py==3.14.0
idna==3.20
keras==3.15.1
libclang==18.1.1
markdown-it-py==4.3.0
mdurl==0.1.2
ml_dtypes==0.6.0
namex==0.1.0
opt_einsum==3.4.0
optree==0.20.0
packaging==26.3
protobuf==7.36.2
Pygments==2.21.0
python-dateutil==4.0.0
pytz==2026.6
requests==2.34.2
rich==15.0.0
six==1.17.0
termcolor==3.3.0
typing_extensions==4.16.0
tzdata==2026.6
urllib3==2.8.0
wrapt==2.5.2
PINS
