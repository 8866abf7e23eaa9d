"""The papers that networks here are taken from, by what they are cited for."""

RESNET_2015 = "arXiv:1512.03385"  # He et al. 2015
RESNET_2016 = "arXiv:1603.05027"  # He et al. 2016
RESNEXT = "arXiv:1611.05431"  # Xie et al. 2017
WIDE = "arXiv:1605.07146"  # Zagoruyko and Komodakis 2016
BAG_OF_TRICKS = "arXiv:1812.01187"  # He et al. 2019: ResNet-C and -D
SQUEEZE_EXCITATION = "arXiv:1709.01507"  # Hu et al. 2018
GROUP_NORM = "arXiv:1803.08494"  # Wu and He 2018
STOCHASTIC_DEPTH = "arXiv:1603.09382"  # Huang et al. 2016
SKIP_INIT = "arXiv:2002.10444"  # De and Smith 2020
ZERO_INIT = "arXiv:1706.02677"  # Goyal et al. 2017
