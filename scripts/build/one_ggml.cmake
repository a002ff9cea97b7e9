# One ggml for whisper.cpp and llama.cpp.
#
# CMake includes this file after every project() of the build (.cargo/config.toml sets
# CMAKE_PROJECT_INCLUDE). For whisper.cpp and llama.cpp it builds, once and under a lock, the ggml that
# the llama-cpp-sys-2 crate carries, installs it to target/ggml-<what>, and puts that on the search path.
# The features `cuda`, `vulkan` and `metal` arrive here as GGML_CUDA and so on, set by both build scripts.
# llama.cpp turns on the fast products of llamafile for itself, ggml alone leaves them off. With them Whisper base hears
# in 31 % less time, and a 0.5B reads a new prompt in 10 to 30 % less.
# PATTER_GGML_NATIVE=OFF in the environment gives a binary for any x86-64 or ARM, slower on this one.
# Its threads wait for each other otherwise than ggml's own do: see blocking_barrier.cmake.

if(NOT (PROJECT_NAME STREQUAL "whisper.cpp" OR PROJECT_NAME STREQUAL "llama.cpp"))
  return()
endif()

set(_native ON)
if(DEFINED ENV{PATTER_GGML_NATIVE})
  set(_native $ENV{PATTER_GGML_NATIVE})
endif()

set(_what cpu)
set(_backends -DGGML_METAL=OFF)
foreach(_backend CUDA VULKAN METAL)
  if(GGML_${_backend})
    string(TOLOWER ${_backend} _lower)
    string(APPEND _what -${_lower})
    list(APPEND _backends -DGGML_${_backend}=ON)
  endif()
endforeach()
if(GGML_METAL)
  list(APPEND _backends -DGGML_METAL_EMBED_LIBRARY=ON)
endif()
if(NOT _native)
  string(APPEND _what -portable)
endif()

# OUT_DIR is <target>/<profile>/build/<crate>-<hash>/out.
set(_target $ENV{OUT_DIR})
foreach(_up RANGE 1 4)
  cmake_path(GET _target PARENT_PATH _target)
endforeach()

# Both crates lie side by side, in the registry as in a vendor folder.
set(_crates $ENV{CARGO_MANIFEST_DIR})
cmake_path(GET _crates PARENT_PATH _crates)
file(GLOB _sources "${_crates}/llama-cpp-sys-2*/llama.cpp/ggml")
list(SORT _sources COMPARE NATURAL ORDER DESCENDING)
if(NOT _sources)
  message(FATAL_ERROR "ggml's sources (llama-cpp-sys-2) are not beside $ENV{CARGO_MANIFEST_DIR}; run `cargo fetch`")
endif()
list(GET _sources 0 _source)
file(SHA256 "${CMAKE_CURRENT_LIST_DIR}/blocking_barrier.cmake" _barrier)
string(MD5 _mark "${_source} ${_backends} ${_native} ${_barrier} 2")
string(SUBSTRING ${_mark} 0 8 _mark)
set(_prefix "${_target}/ggml-${_what}-${_mark}")

file(MAKE_DIRECTORY "${_target}")
file(LOCK "${_prefix}.lock" TIMEOUT 3600)
if(NOT EXISTS "${_prefix}/built")
  message(STATUS "Building ggml (${_what}) from ${_source}")
  file(REMOVE_RECURSE "${_prefix}/source")
  file(COPY "${_source}/" DESTINATION "${_prefix}/source")
  include("${CMAKE_CURRENT_LIST_DIR}/blocking_barrier.cmake")
  let_ggml_sleep("${_prefix}/source/src/ggml-cpu/ggml-cpu.c")
  # ggml alone misses a file that only its own repository has, so it is built as a subdirectory.
  file(WRITE "${_prefix}/project/CMakeLists.txt"
    "cmake_minimum_required(VERSION 3.18)\nproject(one_ggml C CXX)\nadd_subdirectory(\"${_prefix}/source\" ggml)\n")
  cmake_host_system_information(RESULT _cores QUERY NUMBER_OF_LOGICAL_CORES)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env --unset=CMAKE_PROJECT_INCLUDE
      ${CMAKE_COMMAND} -S "${_prefix}/project" -B "${_prefix}/build"
      -DCMAKE_BUILD_TYPE=Release -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DBUILD_SHARED_LIBS=OFF
      -DCMAKE_INSTALL_PREFIX=${_prefix} -DCMAKE_INSTALL_LIBDIR=lib
      -DGGML_OPENMP=OFF -DGGML_LLAMAFILE=ON -DGGML_NATIVE=${_native} -DGGML_BUILD_TESTS=OFF -DGGML_BUILD_EXAMPLES=OFF
      ${_backends}
    COMMAND_ERROR_IS_FATAL ANY)
  execute_process(
    COMMAND ${CMAKE_COMMAND} --build "${_prefix}/build" --target install --parallel ${_cores}
    COMMAND_ERROR_IS_FATAL ANY)
  file(REMOVE_RECURSE "${_prefix}/build" "${_prefix}/source")
  file(TOUCH "${_prefix}/built")
endif()
file(LOCK "${_prefix}.lock" RELEASE)

list(PREPEND CMAKE_PREFIX_PATH "${_prefix}")
set(ggml_DIR "${_prefix}/lib/cmake/ggml" CACHE PATH "the one ggml" FORCE)

# whisper-rs-sys's build script adds every folder of its build tree to the link path, and only those.
if(PROJECT_NAME STREQUAL "whisper.cpp")
  file(GLOB _archives "${_prefix}/lib/*.a" "${_prefix}/lib/*.lib")
  file(COPY ${_archives} DESTINATION "${CMAKE_BINARY_DIR}/one_ggml")
endif()
